import { Child, type Said } from '../child.ts';
import type { CrowdConfig } from './training-clients.ts';

const PROGRAM = new URL('./training-clients.ts', import.meta.url);

/** What a crowd has seen, in milliseconds since 1970. */
export type CrowdTimes = {
  firstJoinAt: number;
  joinedAt: number;
  firstInvitedAt: number;
  lastInvitedAt: number;
  committedAt: number;
  /** Uploads that were told to come again later. */
  waits: number;
};

/** Many clients in a few processes, so that they are never what is measured. */
export class Crowd {
  readonly #children: Child[];

  constructor({ tokens, processes, ...config }: CrowdConfig & { processes: number }) {
    const size = Math.ceil(tokens.length / processes);
    this.#children = Array.from({ length: Math.ceil(tokens.length / size) }, (_, i) => {
      return new Child(PROGRAM, { config: { ...config, tokens: tokens.slice(i * size, (i + 1) * size) } });
    });
  }

  /** Once every client has its seat. */
  async joined(): Promise<CrowdTimes> {
    return merge(await Promise.all(this.#children.map((child) => child.next('joined'))));
  }

  /** Once every client is held at an invitation. */
  async held(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.next('held')));
  }

  /** Once every client has been told that its first round was committed. */
  async committed(): Promise<CrowdTimes> {
    return merge(await Promise.all(this.#children.map((child) => child.next('committed'))));
  }

  release(): void {
    for (const child of this.#children) child.say({ type: 'release' });
  }

  async times(): Promise<CrowdTimes> {
    return merge(await Promise.all(this.#children.map((child) => child.ask({ type: 'tell' }, 'told'))));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
  }
}

function merge(said: Said[]): CrowdTimes {
  const all = said as unknown as CrowdTimes[];
  const earliest = (key: keyof CrowdTimes): number => Math.min(...all.map((times) => times[key]));
  const latest = (key: keyof CrowdTimes): number => Math.max(...all.map((times) => times[key]));
  return {
    firstJoinAt: earliest('firstJoinAt'),
    joinedAt: latest('joinedAt'),
    firstInvitedAt: earliest('firstInvitedAt'),
    lastInvitedAt: latest('lastInvitedAt'),
    committedAt: latest('committedAt'),
    waits: all.reduce((sum, times) => sum + times.waits, 0),
  };
}
