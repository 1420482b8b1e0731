// The mail server of a test: a real SMTP server (tests/support/smtp.py) with a port to ask it questions.
import { Program } from './process.ts';

export interface Mail {
  from: string;
  to: string[];
  raw: string;
  message_id: string;
  subject: string;
  text: string;
  html: string;
}

/** How the server misbehaves; tests/support/smtp.py says what each means. */
export interface Behaviour {
  refuse?: number;
  refuse_to?: string;
  greylist?: number;
  stall?: 'command' | 'dot';
  drop?: number;
  drop_after_dot?: number;
}

export class MailServer {
  private constructor(
    private readonly program: Program,
    readonly port: number,
    private readonly control: number,
    /** The certificate authority's file, with --tls. */
    readonly ca: string | null,
  ) {}

  static async start(args: string[] = []): Promise<MailServer> {
    const program = new Program('smtp.py', 'target/smtp-venv/bin/python', ['tests/support/smtp.py', ...args]);
    const [line] = await program.line(/^\{.*\}$/);
    const ports = JSON.parse(line);
    return new MailServer(program, ports.smtp, ports.control, ports.ca);
  }

  async stop() {
    await this.program.stop();
  }

  private async ask(path: string, init?: RequestInit) {
    const response = await fetch(`http://127.0.0.1:${this.control}${path}`, init);
    return { ok: response.ok, body: await response.json() };
  }

  /** The mails that came, to one address or to all, oldest first. */
  async mails(to = ''): Promise<Mail[]> {
    return (await this.ask(`/mails?to=${encodeURIComponent(to)}`)).body;
  }

  /** Waits until the address has so many mails, and answers the last of them. */
  async waitForMail(to: string, count = 1, seconds = 15): Promise<Mail> {
    const { ok, body } = await this.ask(`/wait?to=${encodeURIComponent(to)}&n=${count}&seconds=${seconds}`);
    if (!ok) throw new Error(`${body.length} of ${count} mails to ${to} came within ${seconds} s`);
    return body[count - 1];
  }

  /** Changes how the server behaves; {} makes it good again. */
  async behave(behaviour: Behaviour) {
    const { ok, body } = await this.ask('/behaviour', { method: 'POST', body: JSON.stringify(behaviour) });
    if (!ok) throw new Error(body.error);
  }
}

/** The first link of a mail's text that matches, as a person would click it. */
export function linkIn(mail: Mail, pattern = /./): string {
  const links = mail.text.match(/https?:\/\/[^\s<>"]+/g) ?? [];
  const link = links.find((found) => pattern.test(found));
  if (!link) throw new Error(`no link like ${pattern} in: ${mail.text}`);
  return link;
}
