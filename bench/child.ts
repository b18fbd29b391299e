import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a child program says: its `type` and whatever belongs to it. */
export type Said = { type: string; [key: string]: unknown };

/** How to run a child program. */
export type ChildOptions = {
  /** Given to the program as its first message. */
  config: object;
  /** Flags for Node, such as those of its profiler. */
  execArgv?: string[];
  env?: NodeJS.ProcessEnv;
};

/**
 * A program of the benchmark in a process of its own, so that its time and memory are its alone. It
 * says what it has to say over the channel, and ends when the channel closes.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #said: Said[] = [];
  readonly #wanted: { type: string; resolve: (said: Said) => void; reject: (error: Error) => void }[] = [];
  /** What it wrote to its standard error: a coordinator's log. */
  readonly lines: string[] = [];
  #ended: Error | null = null;

  constructor(program: URL, { config, execArgv = [], env = {} }: ChildOptions) {
    this.#process = fork(program, {
      execArgv,
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#process.send(config);
    this.#process.on('message', (said: Said) => this.#hear(said));
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => this.lines.push(text));
    this.#process.on('exit', (code, signal) => {
      const last = this.lines.join('').trim().slice(-2000);
      this.#end(new Error(`${program.pathname} ended with ${code ?? signal}: ${last}`));
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  say(message: Said): void {
    this.#process.send(message);
  }

  /** The next message of this type. @throws Error when the program fails or ends first. */
  next(type: string): Promise<Said> {
    const index = this.#said.findIndex((said) => said.type === type);
    if (index !== -1) return Promise.resolve(this.#said.splice(index, 1)[0]!);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#wanted.push({ type, resolve, reject }));
  }

  ask(message: Said, answer: string): Promise<Said> {
    this.say(message);
    return this.next(answer);
  }

  async stop(): Promise<void> {
    if (this.#ended !== null) return;
    const exited = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    const hanging = setTimeout(() => this.#process.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(hanging);
  }

  #hear(said: Said): void {
    if (said.type === 'failed') {
      this.#end(new Error(String(said['message'])));
      return;
    }
    const index = this.#wanted.findIndex(({ type }) => type === said.type);
    if (index === -1) this.#said.push(said);
    else this.#wanted.splice(index, 1)[0]!.resolve(said);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#wanted.splice(0)) reject(this.#ended);
  }
}

/** The other end: what a child program is told to do, before anything else. */
export async function childConfig<Config>(): Promise<Config> {
  const [config] = await once(process, 'message');
  return config as Config;
}

/** Says something to the process that started this program. */
export function say(message: Said): void {
  process.send?.(message);
}
