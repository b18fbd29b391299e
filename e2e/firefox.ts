import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Firefox to test with: `FIREFOX_PATH`, else the system's; `null` if none. */
export function findFirefox(): string | null {
  const candidates = [process.env['FIREFOX_PATH'], 'firefox-esr', 'firefox'];
  return candidates.find((path) => path !== undefined && spawnSync(path, ['--version']).status === 0) ?? null;
}

/** One headless Firefox with one page, driven by WebDriver BiDi over its own socket. */
export class Firefox {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, { resolve: (result: any) => void; reject: (error: Error) => void }>();
  #commands = 0;
  #context = '';

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, type, result, error, message } = JSON.parse(String(data));
      const answer = this.#answers.get(id);
      if (answer === undefined) return;
      this.#answers.delete(id);
      if (type === 'success') answer.resolve(result);
      else answer.reject(new Error(`${error}: ${message}`));
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#answers.values()) reject(new Error('Firefox closed the connection'));
    });
  }

  /** @param path from `findFirefox` */
  static async launch(path: string): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'chorale-firefox-'));
    const child = spawn(path, ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(output);
        if (found !== null) resolve(found[1]!);
      });
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`Firefox ended with code ${code} before it was ready\n${output}`)));
    });
    const socket = new WebSocket(`${address}/session`);
    await once(socket, 'open');
    const firefox = new Firefox(child, profile, socket);
    await firefox.#command('session.new', { capabilities: {} });
    const { contexts } = await firefox.#command('browsingContext.getTree', {});
    firefox.#context = contexts[0].context;
    return firefox;
  }

  async open(url: string): Promise<void> {
    await this.#command('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** Evaluates an expression in the page, and awaits the string that it promises. */
  async evaluate(expression: string): Promise<string> {
    const { type, result, exceptionDetails } = await this.#command('script.evaluate', {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (type !== 'success') throw new Error(exceptionDetails.text);
    return result.value;
  }

  /** Clicks with the mouse in the middle of what the expression gives, once it is scrolled to. */
  async click(element: string): Promise<void> {
    const place = `{
      const element = ${element};
      element.scrollIntoView({ block: 'center' });
      const { x, y, width, height } = element.getBoundingClientRect();
      JSON.stringify({ x: Math.round(x + width / 2), y: Math.round(y + height / 2) });
    }`;
    const actions = [
      { type: 'pointerMove', ...JSON.parse(await this.evaluate(place)) },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    const mouse = { type: 'pointer', id: 'mouse', actions };
    await this.#command('input.performActions', { context: this.#context, actions: [mouse] });
  }

  async close(): Promise<void> {
    this.#socket.close();
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #command(method: string, params: object): Promise<any> {
    this.#commands += 1;
    const id = this.#commands;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
