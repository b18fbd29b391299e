/**
 * How a coordinator's process keeps its memory; it counts from its start only.
 *
 * Most of what it holds are vectors outside of JavaScript's heap, which is small: V8 would look through all of it for
 * every few megabytes of them, and a round cost twice as much. A small young generation saves 70 MB of ten thousand
 * idle connections. Each thread would have a heap of the C library's as well.
 */
export const memory = {
  flags: ['--initial-old-space-size=64', '--max-semi-space-size=16'],
  env: { MALLOC_ARENA_MAX: '2' },
};
