import { defineConfig } from 'vitest/config';

/** `unit` runs in Node; `browser` and `e2e` drive a real Chromium, so they take turns on the machine. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{privacy,audit,protocol,sdk,coordinator,demo,bench}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**'],
          globalSetup: ['coordinator/testing/postgres-setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['sdk/**/*.browser.test.ts', 'e2e/scenarios/*.e2e.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
