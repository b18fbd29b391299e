import { expect, it } from 'vitest';
import { Backlog } from './backlog.ts';

it('is idle once every request is done and whoever asked has heard of it', async () => {
  const backlog = new Backlog();
  await backlog.idle();
  const jobs = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const heard: number[] = [];
  for (const [i, job] of jobs.entries()) {
    void backlog.run({ connection: {}, bytes: 10 }, () => job.promise).then(() => heard.push(i));
  }
  const idle = backlog.idle().then(() => heard.push(-1));
  jobs[1]!.resolve();
  jobs[0]!.resolve();
  await idle;
  expect(heard).toEqual([1, 0, -1]);
});
