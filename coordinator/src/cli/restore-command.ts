import { Command } from 'commander';
import { UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';
import { progressLine } from './progress.ts';
import { type PlaceOptions, type StorePlace, storePlace, withPlace } from './store-place.ts';

type Options = PlaceOptions & { from: string; json?: true };

const ABOUT = `read a backup into an empty store

Takes a file of "chorale backup" and an empty or new data folder or Postgres database, whichever of the two
the backup came from. Everything is checked before anything is kept. No coordinator may run on the store.`;

/** `chorale restore`: fills an empty store from a backup, as a whole or not at all. */
export function restoreCommand(): Command {
  const command = withPlace(new Command('restore').summary('read a backup into an empty store'))
    .description(ABOUT)
    .requiredOption('--from <FILE>', 'backup to read')
    .option('--json', 'print one JSON object');
  return command.action(async ({ from, json, ...options }: Options) => {
    const place = storePlace(options);
    // Loaded here, so that the commands that only calculate start at once.
    const [{ restoreFile }, { existsSync }] = await Promise.all([import('./restore-file.ts'), import('node:fs')]);
    if (!existsSync(from)) throw new UsageError(`--from ${from} is not there`);
    const tell = progressLine();
    const { createdAt, counts } = await restoreFile(from, place, tell);
    if (json) printJson({ file: from, createdAt, counts });
    else {
      const texts = Object.entries(counts).map(([type, count]) => [type, String(count)]);
      printFields({ file: from, store: nameOf(place), createdAt, ...Object.fromEntries(texts) });
    }
  });
}

// A database's URL may hold its password.
function nameOf(place: StorePlace): string {
  return place.type === 'folder' ? place.folder : 'the database';
}
