import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteStore } from '../src/storage/sqlite-store.ts';

// Adds reports to the data folder of its first argument, forty at a time, and writes into the folder's
// `acknowledged` the name of each participant whose report was acknowledged; says so once on stdout.
// Kills itself, as `kill -9` does, right after so many as its second argument says.
const [folder = '', deadline = ''] = process.argv.slice(2);
const store = await SqliteStore.open(folder);
await store.putStudy({ id: 'burst', hash: 'sha256-x', manifest: '{}', publishedAt: '2026-11-01T00:00:00.000Z' });
const list = openSync(join(folder, 'acknowledged'), 'w');
let acknowledged = 0;

async function addForever(writer: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const participant = `writer-${writer}-${i}`;
    const receivedAt = new Date(i).toISOString();
    await store.addReport({
      study: 'burst',
      participant,
      group: 'sales',
      text: `report of ${participant}`,
      receivedAt,
    });
    writeSync(list, `${participant}\n`);
    acknowledged += 1;
    if (acknowledged === 1) process.stdout.write('acknowledged\n');
    if (acknowledged === Number(deadline)) process.kill(process.pid, 'SIGKILL');
  }
}

await Promise.all(Array.from({ length: 40 }, (_, writer) => addForever(writer)));
