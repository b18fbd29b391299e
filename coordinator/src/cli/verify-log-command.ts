import { checkLog, type LogCheck, type LogEntry, type LogHead } from '@chorale/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { verifyRounds } from '../rounds/verify-rounds.ts';
import { printJson } from './print.ts';
import { usingStudies, withSource } from './study-command.ts';
import type { SourceOptions, StudySource } from './study-source.ts';

/** Entries read at a time. */
const PAGE = 1000;

type Verified = { study: string; rounds: number; committedRounds: number; findings: string[] };

/** The log does not hold together. Ends the command with code 1, after all findings were printed. */
class LogBrokenError extends Error {
  override readonly name = 'LogBrokenError';
}

/**
 * `chorale verify-log [STUDY]`: checks the log of decisions, entry by entry, and computes again what the log of rounds
 * says, epsilon above all.
 */
export function verifyLogCommand(): Command {
  const command = new Command('verify-log')
    .description(
      'check the log of decisions, and that of training rounds: numbers, quorums, and the epsilon of each, computed again',
    )
    .argument('[STUDY]', 'id of the study whose rounds to check, and nothing else; everything without it')
    .option(
      '--anchor <NUMBER:HASH>',
      'an entry as it was noted outside: tells whether later ones are missing',
      parseAnchor,
    );
  return withSource(command).action(
    async (
      study: string | undefined,
      { json, anchor, ...source }: SourceOptions & { json?: true; anchor?: LogHead },
    ) => {
      const verified = await usingStudies(source, async (studies) => {
        const ids = study === undefined ? await trained(studies) : [study];
        return {
          log: study === undefined && studies.readsLog ? await checkLog(entriesOf(studies), { anchor }) : null,
          studies: await Promise.all(ids.map((id) => verify(studies, id))),
        };
      });
      if (json) printJson(verified);
      else {
        if (verified.log !== null) printLog(verified.log);
        else if (study === undefined) process.stdout.write('log: not checked, for lack of CHORALE_OPERATOR_TOKEN\n');
        verified.studies.forEach(print);
      }
      const broken = verified.studies.filter(({ findings }) => findings.length > 0).length;
      if (verified.log !== null && verified.log.finding !== null) throw new LogBrokenError(verified.log.finding);
      if (broken > 0)
        throw new LogBrokenError(`the log of ${broken} of ${verified.studies.length} studies does not hold together`);
    },
  );
}

function parseAnchor(text: string): LogHead {
  const [, sequence, hash] = /^([1-9]\d{0,8}):(sha256-[A-Za-z0-9+/]{43}=)$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined) {
    throw new InvalidArgumentError('It must be the number and the hash of an entry, as NUMBER:sha256-…');
  }
  return { sequence: Number(sequence), hash };
}

async function* entriesOf(studies: StudySource): AsyncGenerator<LogEntry> {
  for (let after = 0; ;) {
    const page = await studies.readLog({ after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.sequence;
  }
}

function printLog({ sequence, hash, finding }: LogCheck): void {
  const spoken = `${sequence} entr${sequence === 1 ? 'y' : 'ies'}`;
  if (finding !== null) return void process.stdout.write(`log: ${spoken} hold, then: ${finding}\n`);
  process.stdout.write(`log: ${spoken}: holds\n`);
  if (hash !== null) process.stdout.write(`  its head, to be noted elsewhere as the anchor: ${sequence}:${hash}\n`);
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
