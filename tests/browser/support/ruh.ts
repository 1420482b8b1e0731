// What a journey starts from: the program on a free port with an empty database and a mail server of its own, and people
// with browsers that are watched.
//
//   import { expect, linkIn, test } from './support/ruh.ts';
//   test('a client gets in', async ({ ruh, page, visitor }) => {
//     await page.goto(ruh.setupLink);
//     …
//     const ana = await visitor({ phone: true });
//     await ana.goto(linkIn(await ruh.mail.waitForMail('ana@example.org'), /invitation/));
//     await axe(ana);
//   });
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContextOptions, expect, type Page, test as base } from '@playwright/test';
import { Guard } from './guard.ts';
import { phone } from './looks.ts';
import { MailServer } from './mail.ts';
import { clean, freePort, Program, root } from './process.ts';

export { expect, type Page } from '@playwright/test';
export { axe, desk, fits, phone, picture, settled, targets } from './looks.ts';
export { linkIn, type Mail, MailServer } from './mail.ts';

export interface RuhOptions {
  /** Which database the program runs on; the project says it. */
  database: 'sqlite' | 'postgres';
  /** More environment for the program: test.use({ environment: { RUH_UNDO_SECONDS: '1' } }). */
  environment: Record<string, string>;
  /** Options of the mail server: test.use({ smtp: ['--tls', 'starttls', '--auth', 'u:p'] }). */
  smtp: string[];
}

export interface Visit {
  phone?: boolean;
  dark?: boolean;
  /** Without JavaScript. */
  scripts?: boolean;
  options?: BrowserContextOptions;
}

interface Fixtures {
  ruh: Ruh;
  /** Allows what a test provokes: guard.allow(/500 for/). */
  guard: Guard;
  /** Another person with another browser. */
  visitor: (visit?: Visit) => Promise<Page>;
}

const binary = process.env.RUH_BIN ?? join(root, 'target/debug/ruh');

/** A running installation. */
export class Ruh {
  private program!: Program;
  private port = 0;

  constructor(
    readonly mail: MailServer,
    readonly dataDir: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** The one-time link that the program prints while its database is empty. */
  get setupLink(): string {
    const links = this.log.match(new RegExp(`${this.url}/setup/[^\\s"]+`, 'g'));
    if (!links) throw new Error(`no setup link in:\n${this.log}`);
    return links.at(-1)!;
  }

  /** What the program printed. */
  get log(): string {
    return this.program.log;
  }

  private get settings(): NodeJS.ProcessEnv {
    return { ...this.environment, RUH_LISTEN: `127.0.0.1:${this.port}`, RUH_PUBLIC_URL: this.url };
  }

  async start() {
    // The same port after a restart: links in mails hold it.
    this.port ||= await freePort();
    this.program = new Program('ruh', binary, ['serve'], this.settings);
    if (await this.ready()) return;
    await this.program.stop();
    throw new Error(`ruh did not start:\n${this.log}`);
  }

  private async ready(): Promise<boolean> {
    let ended = false;
    this.program.ended.then(() => (ended = true));
    // Asked rather than read from the log: the log's words are nobody's interface.
    for (let tries = 0; tries < 400 && !ended; tries++) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return true;
      await new Promise((next) => setTimeout(next, 50));
    }
    return false;
  }

  /** Asks the program to stop, and expects that it does so in order. */
  async stop() {
    const how = await this.program.stop();
    expect(how, `ruh ends in order after SIGTERM:\n${this.log.slice(-4000)}`).toBe(0);
    expect(this.log, 'no panic').not.toContain('panicked at');
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  /** Runs a command of the program beside the server, with the same database: ruh.run('token', 'create', …). */
  run(...args: string[]): string {
    return execFileSync(binary, args, { cwd: root, env: clean(this.settings), encoding: 'utf8' });
  }

  /** The same with words on its stdin. */
  runWith(input: string, ...args: string[]): string {
    const env = clean(this.settings);
    return execFileSync(binary, args, { cwd: root, env, encoding: 'utf8', input });
  }
}

/** A database of its own on the cluster that scripts/postgres.sh started. */
function postgresDatabase(): { url: string; drop: () => void } {
  const url = process.env.RUH_TEST_POSTGRES_URL;
  if (!url) throw new Error('RUH_TEST_POSTGRES_URL is missing: run through scripts/postgres.sh run …');
  const name = `journey_${randomUUID().replaceAll('-', '')}`;
  const sql = (statement: string) => execFileSync('psql', ['--no-psqlrc', '--quiet', '--command', statement, url], { stdio: 'pipe' });
  sql(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => sql(`drop database ${name} with (force)`) };
}

export const test = base.extend<Fixtures & RuhOptions>({
  database: ['sqlite', { option: true }],
  environment: [{}, { option: true }],
  smtp: [[], { option: true }],

  ruh: async ({ database, environment, smtp }, use, info) => {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build, or set RUH_BIN`);
    const dataDir = mkdtempSync(join(tmpdir(), 'ruh-journey-'));
    const postgres = database === 'postgres' ? postgresDatabase() : undefined;
    const mail = await MailServer.start(smtp);
    const user = smtp.includes('--auth') ? `${smtp[smtp.indexOf('--auth') + 1]}@` : '';
    const scheme = smtp.includes('implicit') ? 'smtps' : 'smtp';
    const query = smtp.includes('starttls') ? '?tls=required' : '';
    const ruh = new Ruh(mail, dataDir, {
      RUH_DATA_DIR: dataDir,
      RUH_DATABASE_URL: postgres?.url,
      RUH_SMTP_URL: `${scheme}://${user}localhost:${mail.port}${query}`,
      ...(mail.ca ? { SSL_CERT_FILE: mail.ca } : {}),
      ...environment,
    });
    let started = false;
    try {
      await ruh.start();
      started = true;
      await use(ruh);
    } finally {
      try {
        if (started) await ruh.stop();
      } finally {
        if (started && info.status !== info.expectedStatus) {
          await info.attach('ruh.log', { body: ruh.log, contentType: 'text/plain' });
        }
        await mail.stop();
        postgres?.drop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    }
  },

  baseURL: async ({ ruh }, use) => use(ruh.url),

  guard: async ({ ruh }, use) => {
    const guard = new Guard(() => ruh.url);
    await use(guard);
    expect(guard.found(), 'nothing goes wrong in the browser').toEqual([]);
  },

  context: async ({ context, guard }, use) => {
    await guard.watch(context);
    await use(context);
  },

  visitor: async ({ browser, guard, contextOptions, viewport, locale, timezoneId, baseURL }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (visit = {}) => {
      const context = await browser.newContext({
        ...contextOptions,
        baseURL,
        locale,
        timezoneId,
        viewport: visit.phone ? phone : viewport,
        hasTouch: visit.phone ?? false,
        isMobile: visit.phone ?? false,
        colorScheme: visit.dark ? 'dark' : 'light',
        javaScriptEnabled: visit.scripts ?? true,
        ...visit.options,
      });
      contexts.push(context);
      await guard.watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});
