import type { Contribution, Intake, Release } from '../rounds/intake.ts';
import type { RoundKey } from './claims.ts';
import type { ClusterIntake } from './cluster-intake.ts';
import type { StudyLink } from './clustered-study.ts';
import { mergePartials } from './released-sum.ts';

/** How long a live node may take to write its part of a sum. */
const PATIENCE_MS = 10_000;

type Options = {
  key: RoundKey;
  /** What the owner itself holds. */
  own: ClusterIntake;
  link: StudyLink;
  /** Told of clients whose contributions went down with a node while the round was open. */
  lost: (participants: string[]) => void;
};

/**
 * The intake of a round whose contributions are on several nodes: closes the claims, has each node that
 * holds some write its part of the sum, and puts the parts together.
 */
export class OwnerIntake implements Intake {
  readonly #options: Options;
  /** Nodes whose part is awaited, and who waits. */
  readonly #awaited = new Map<number, () => void>();
  #isClosing = false;

  constructor(options: Options) {
    this.#options = options;
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    return this.#options.own.holds(participant, bytes);
  }

  add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    return this.#options.own.add(contribution, accepted);
  }

  async release({ quorum }: { quorum: number }): Promise<Release> {
    const { key, own, link } = this.#options;
    this.#isClosing = true;
    const held = await link.claims.closeRound(key);
    const others = [...held.keys()].filter((node) => node !== link.node);
    const [part] = await Promise.all([own.seal(), ...others.map((node) => this.#partOf(node))]);
    const parts = (await link.claims.partials(key)).filter(({ node }) => node !== link.node);
    return mergePartials(part === null ? parts : [{ node: link.node, ...part }, ...parts], { held, quorum });
  }

  dispose(): void {
    const { own, key, link } = this.#options;
    own.dispose();
    // Leftovers of a round that is over harm nobody; the next round that ends takes them along.
    link.claims.forget(key).catch(() => {});
  }

  /** A node says that its part is written. */
  partialArrived(node: number, round: number): void {
    if (round === this.#options.key.round) this.#awaited.get(node)?.();
  }

  /** Stops waiting for nodes that are gone, and takes out of the open round what they held. */
  async dropLostNodes(): Promise<void> {
    const { key, link, lost } = this.#options;
    for (const [node, arrived] of this.#awaited) if (!link.isAlive(node)) arrived();
    if (this.#isClosing) return;
    for (const node of await link.claims.holders(key)) {
      if (link.isAlive(node)) continue;
      const participants = await link.claims.dropNode(key, node);
      if (participants.length > 0) lost(participants);
    }
  }

  #partOf(node: number): Promise<void> {
    const { key, link } = this.#options;
    if (!link.isAlive(node)) return Promise.resolve();
    return new Promise((resolve) => {
      const arrived = (): void => {
        clearTimeout(timer);
        this.#awaited.delete(node);
        resolve();
      };
      const timer = setTimeout(arrived, PATIENCE_MS);
      this.#awaited.set(node, arrived);
      link.send(node, { type: 'contribute', ...key });
    });
  }
}
