import { Command } from 'commander';
import { verifyRounds } from '../rounds/verify-rounds.ts';
import { printJson } from './print.ts';
import { usingStudies, withSource } from './study-command.ts';
import type { SourceOptions, StudySource } from './study-source.ts';

type Verified = { study: string; rounds: number; committedRounds: number; findings: string[] };

/** The log does not hold together. Ends the command with code 1, after all findings were printed. */
class LogBrokenError extends Error {
  override readonly name = 'LogBrokenError';
}

/** `chorale verify-log [STUDY]`: computes again what the log of rounds says, epsilon above all. */
export function verifyLogCommand(): Command {
  const command = new Command('verify-log')
    .description('check the log of training rounds: numbers, quorums, and the epsilon of each round, computed again')
    .argument('[STUDY]', 'id of the study; all that train without it');
  return withSource(command).action(
    async (study: string | undefined, { json, ...source }: SourceOptions & { json?: true }) => {
      const verified = await usingStudies(source, async (studies) => {
        const ids = study === undefined ? await trained(studies) : [study];
        return Promise.all(ids.map((id) => verify(studies, id)));
      });
      if (json) printJson({ studies: verified });
      else verified.forEach(print);
      const broken = verified.filter(({ findings }) => findings.length > 0).length;
      if (broken > 0)
        throw new LogBrokenError(`the log of ${broken} of ${verified.length} studies does not hold together`);
    },
  );
}

async function trained(studies: StudySource): Promise<string[]> {
  return (await studies.list()).filter(({ training }) => training !== null).map(({ id }) => id);
}

async function verify(studies: StudySource, study: string): Promise<Verified> {
  const log = await studies.roundLog(study);
  const { rounds, committedRounds } = log.rounds;
  return { study, rounds: rounds.length, committedRounds, findings: await verifyRounds(log) };
}

function print({ study, rounds, committedRounds, findings }: Verified): void {
  const spoken = `${rounds} round${rounds === 1 ? '' : 's'}, ${committedRounds} of training committed`;
  process.stdout.write(`${study}: ${spoken}: ${findings.length === 0 ? 'holds' : 'DOES NOT HOLD'}\n`);
  for (const finding of findings) process.stdout.write(`  ${finding}\n`);
}
