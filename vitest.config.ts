import { defineConfig } from 'vitest/config';

/**
 * What drives servers, databases, processes or simulations, audits, attacks, and statistics of many draws: minutes that
 * `npm run check` leaves to `npm test`.
 */
const trials = [
  'audit/src/black-box-audit.test.ts',
  'bench/utility/*.test.ts',
  'coordinator/src/{cli,cluster,http,operations,oversight,simulation,sockets,storage}/**/*.test.ts',
  'coordinator/src/rounds/*.properties.test.ts',
  'coordinator/src/rounds/{asynchronous-training,one-shot-training,training-kill,training-service}.test.ts',
  'coordinator/src/surveys/{pair-correlation,report-service,series,wave-attack}.test.ts',
  'privacy/src/accounting/{composition,renyi-accounting,shuffle-accounting,subsampled-gaussian-accounting}.test.ts',
  'privacy/src/estimation/{estimate-contrast,estimate-mean,estimate-shares,group-shrinkage}.test.ts',
  'privacy/src/mechanisms/{frequency-mechanism,memoization,numeric-mean}.test.ts',
  'privacy/src/sampling/discrete-laplace.test.ts',
  'privacy/src/updates/priv-unit.test.ts',
  'sdk/src/training/randomized-update.test.ts',
  'sdk/src/training/testing/federated-accuracy.test.ts',
];

/** What is waited for may take long where other work fills the machine. */
const expectations = { poll: { timeout: 20_000 } };

/** `unit` and `trials` run in Node; `browser` and `e2e` drive a real Chromium, so they take turns on the machine. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{privacy,audit,protocol,training,sdk,coordinator,demo,bench}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**', ...trials],
          globalSetup: ['coordinator/testing/postgres-setup.ts'],
          // Nothing is kept in modules, so files may share them: to load them for each takes as long as all the tests.
          isolate: false,
          testTimeout: 30_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'trials',
          include: trials,
          globalSetup: ['coordinator/testing/postgres-setup.ts'],
          testTimeout: 30_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['sdk/**/*.browser.test.ts', 'e2e/scenarios/*.e2e.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          expect: expectations,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
