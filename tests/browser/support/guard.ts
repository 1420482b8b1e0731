// What must not happen on any page: an error in the console, a script's exception, a violation of the content security
// policy, a request to another origin, an asset that is missing, an answer of 500 and over.
import type { BrowserContext } from '@playwright/test';

/** Chromium prints this for every answer of 400 and over; which of them are wrong is decided by the answers themselves. */
const answerPrinted = /^Failed to load resource: the server responded with a status of \d+/;

export class Guard {
  private readonly problems: string[] = [];
  private readonly allowed: RegExp[] = [];

  constructor(private readonly origin: () => string) {}

  /** Allows what matches, for a test that provokes it. */
  allow(pattern: RegExp) {
    this.allowed.push(pattern);
  }

  /** What went wrong so far. */
  found(): string[] {
    return this.problems.filter((problem) => !this.allowed.some((pattern) => pattern.test(problem)));
  }

  async watch(context: BrowserContext) {
    context.on('console', (message) => {
      if (message.type() === 'error' && !answerPrinted.test(message.text())) {
        this.problems.push(`console: ${message.text()} (${message.page()?.url()})`);
      }
    });
    context.on('weberror', (error) => {
      this.problems.push(`exception: ${error.error().stack ?? error.error()} (${error.page()?.url()})`);
    });
    context.on('request', (request) => {
      const address = new URL(request.url());
      const within = ['data:', 'blob:', 'about:'].includes(address.protocol) || address.origin === this.origin();
      if (!within) this.problems.push(`another origin: ${request.url()}`);
    });
    context.on('response', (response) => {
      // A refusal is an answer to a page or a form; an asset has no business being refused.
      const asset = !['document', 'fetch', 'xhr', 'eventsource'].includes(response.request().resourceType());
      if (response.status() >= (asset ? 400 : 500)) {
        this.problems.push(`${response.status()} for ${response.request().method()} ${response.url()}`);
      }
    });
    // Chromium prints most violations itself, but none that a report-only policy or a handler swallows.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`content security policy: ${event.violatedDirective} stopped ${event.blockedURI || 'inline'}`);
      });
    });
  }
}
