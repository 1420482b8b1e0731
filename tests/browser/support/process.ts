// Child processes of the journeys: the program and the mail server. Each ends with its test.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** The top of the tree. */
export const root = new URL('../../../', import.meta.url).pathname;

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => found(port));
    });
  });
}

/** The environment for a child: ours without the settings of whoever runs the tests, except how much is logged. */
export function clean(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('RUH_') || name === 'RUH_LOG');
  return { ...Object.fromEntries(ours), ...more };
}

/** A running program whose output is kept, and read line by line. */
export class Program {
  /** Everything it printed, on both streams. */
  log = '';
  readonly ended: Promise<number | string>;
  private readonly child: ChildProcess;
  private readonly listeners = new Set<(line: string) => void>();

  constructor(readonly name: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, { cwd: root, env: clean(env), stdio: ['pipe', 'pipe', 'pipe'] });
    this.ended = new Promise((done) => {
      this.child.once('error', (error) => {
        this.log += `${error}\n`;
        done(String(error));
      });
      // `close`, not `exit`: the last lines are read by then.
      this.child.once('close', (code, signal) => done(signal ?? code ?? 0));
    });
    // A program that died takes no input; how it ended is told elsewhere.
    this.child.stdin?.on('error', () => {});
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        this.log += `${line}\n`;
        for (const listener of this.listeners) listener(line);
      });
    }
  }

  /** The first line that matches, now or within the time given. */
  line(pattern: RegExp, milliseconds = 15_000): Promise<RegExpMatchArray> {
    return new Promise((found, failed) => {
      const finish = () => {
        clearTimeout(timer);
        this.listeners.delete(look);
      };
      const look = (line: string) => {
        const match = line.match(pattern);
        if (!match) return;
        finish();
        found(match);
      };
      const giveUp = (why: string) => {
        finish();
        failed(new Error(`${this.name}: ${why} before printing ${pattern}\n${this.log}`));
      };
      const timer = setTimeout(() => giveUp(`${milliseconds} ms`), milliseconds);
      this.listeners.add(look);
      this.ended.then((how) => giveUp(`ended with ${how}`));
      this.log.split('\n').forEach(look);
    });
  }

  /** Asks it to stop; resolves to its exit code, or to the signal that ended it. */
  async stop(milliseconds = 15_000): Promise<number | string> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), milliseconds);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }
}
