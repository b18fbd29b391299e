import { expect, it, onTestFinished, vi } from 'vitest';
import { RateLimits, WINDOW_SECONDS } from './rate-limits.ts';

it('asks nobody to wait for longer than the window, though the clock was set back by an hour', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const limits = new RateLimits({ perConnection: 1, perAddress: 0 });
  const source = { connection: 'a', address: '192.0.2.1' };
  await limits.take(source);
  vi.setSystemTime(Date.now() - 3_600_000);
  const refused = await limits.take(source).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1000 * WINDOW_SECONDS });
});
