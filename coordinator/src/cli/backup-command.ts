import { Command } from 'commander';
import { UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';
import { progressLine } from './progress.ts';
import { type PlaceOptions, storePlace, withPlace } from './store-place.ts';

type Options = PlaceOptions & { out: string; json?: true };

const ABOUT = `everything that is stored, in one file

The file holds the secrets that sign invitations: who has it can act as the coordinator. Only its owner may
read it. It fits a data folder and a Postgres database alike. The coordinator may go on working meanwhile.`;

/** `chorale backup`: writes a store into a file, and reads it back before it says so. */
export function backupCommand(): Command {
  const command = withPlace(new Command('backup').summary('write everything that is stored into one file'))
    .description(ABOUT)
    .requiredOption('--out <FILE>', 'file to write; there must be none of that name')
    .option('--json', 'print one JSON object');
  return command.action(async ({ out, json, ...options }: Options) => {
    const place = storePlace(options);
    // Loaded here, so that the commands that only calculate start at once.
    const [{ openBackupSource }, { writeBackupFile }] = await Promise.all([
      import('./backup-source.ts'),
      import('./backup-file.ts'),
    ]);
    const { existsSync } = await import('node:fs');
    if (existsSync(out)) throw new UsageError(`--out ${out} is there already`);
    const source = await openBackupSource(place, progressLine());
    try {
      const { createdAt, counts, bytes } = await writeBackupFile(source.stream, out);
      if (json) printJson({ file: out, bytes, createdAt, counts });
      else printFields({ file: out, bytes: String(bytes), createdAt, ...toText(counts) });
    } finally {
      await source.close();
    }
  });
}

// Counts are printed in full, not to six digits.
function toText(counts: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(counts).map(([type, count]) => [type, String(count)]));
}
