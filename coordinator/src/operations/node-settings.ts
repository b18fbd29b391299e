import type { RateLimitOptions } from './rate-limits.ts';

/** How a node is run, beyond where it listens and stores. */
export type NodeSettings = {
  /** Who holds it may publish studies, read metrics, take a backup, and add persons; `null` makes one and keeps it in the store. */
  operatorToken: string | null;
  /** Publishes only what a second person has approved. */
  requireApproval: boolean;
  /** Most whole days that raw reports are kept after their study was closed; `null` for as many as its manifest says. */
  retentionDays: number | null;
  /** Origins whose pages may use this node; `null` is all. */
  allowedOrigins: readonly string[] | null;
  rateLimits: RateLimitOptions;
  /** Most socket connections at a time. */
  maxConnections: number;
  /** Proxies that every request passes on its way here. */
  proxies: number;
  /** Whether everybody may read `/metrics`. */
  metricsPublic: boolean;
  /** Whether clients without WebSockets may poll, which needs all their requests to reach one node. */
  polling: boolean;
  /** Longest time to send a whole request, in milliseconds. */
  requestTimeoutMs: number;
};

/** What holds unless an operator says otherwise. */
export const nodeDefaults: NodeSettings = {
  operatorToken: null,
  requireApproval: false,
  retentionDays: null,
  allowedOrigins: null,
  rateLimits: { perConnection: 20_000, perAddress: 200_000 },
  maxConnections: 20_000,
  proxies: 0,
  metricsPublic: false,
  polling: true,
  requestTimeoutMs: 60_000,
};
