import { parseArgs } from 'node:util';
import { uniformInteger, secureRandom } from '@chorale/privacy';
import type { Progress } from './crowd/answer-study.ts';
import { type CrowdOptions, type CrowdSummary, runCrowd } from './crowd/run-crowd.ts';
import { runWaves, type WavesOptions } from './crowd/run-waves.ts';

const usage = `Lets simulated employees answer a simulated study, through the same code as a browser.

npm run crowd -- [options]
  --employees N    how many answer, or with --waves how many work there (5000)
  --server URL     the coordinator (http://localhost:8787)
  --study ID       the study (pulse-demo)
  --waves N        answer the first N studies of a series, one after the other, in the study's place: the
                   same company every time, some of whose people join, leave, or miss a wave
  --series ID      the series (brightwater)
  --seed N         of their opinions, a whole number (drawn); noise is never seeded
  --json           print one JSON object and nothing else
`;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Command =
  | { state: 'help' }
  | { state: 'study'; json: boolean; options: CrowdOptions }
  | { state: 'waves'; json: boolean; options: WavesOptions };

function readCommand(args: string[]): Command {
  const { values } = parse(args);
  if (values.help === true) return { state: 'help' };
  const seed =
    values.seed === undefined ? uniformInteger(2 ** 31, secureRandom()) : wholeNumber('--seed', values.seed, 0);
  const { json, study, series, waves } = values;
  const options = {
    server: address(values.server),
    employees: wholeNumber('--employees', values.employees, 1),
    seed,
    crowd: crypto.randomUUID(),
  };
  if (waves === undefined) {
    if (series !== undefined) throw new UsageError('--series needs --waves');
    return { state: 'study', json, options: { ...options, study: study ?? 'pulse-demo' } };
  }
  if (study !== undefined) throw new UsageError('--study and --waves exclude each other');
  return {
    state: 'waves',
    json,
    options: { ...options, series: series ?? 'brightwater', waves: wholeNumber('--waves', waves, 1) },
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        employees: { type: 'string', default: '5000' },
        server: { type: 'string', default: `http://localhost:${process.env['PORT'] ?? 8787}` },
        study: { type: 'string' },
        series: { type: 'string' },
        waves: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function wholeNumber(flag: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < minimum)
    throw new UsageError(`${flag} must be a whole number of at least ${minimum}, got ${text}`);
  return value;
}

function address(text: string): string {
  if (!URL.canParse(text))
    throw new UsageError(`--server must be an address such as http://localhost:8787, got ${text}`);
  return text;
}

/** One line that rewrites itself, at most ten times a second. */
function progressLine(): (progress: Progress) => void {
  let last = -1;
  return ({ done, total, seconds }) => {
    // Of waves, each starts anew.
    if (seconds >= last && seconds - last < 0.1 && done < total) return;
    last = seconds;
    process.stderr.write(
      `\r${done.toLocaleString('en')} of ${total.toLocaleString('en')} employees, ${Math.round(done / seconds).toLocaleString('en')} a second  `,
    );
  };
}

function summaryText({ title, acknowledged, refused, seconds, perSecond, seed }: CrowdSummary): string {
  const lines = [
    `${acknowledged.toLocaleString('en')} simulated employees answered "${title}" in ${seconds.toFixed(1)} s (${Math.round(perSecond).toLocaleString('en')} a second, seed ${seed}).`,
    ...Object.entries(refused).map(([code, count]) => `${count} were refused: ${code}.`),
  ];
  return `${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command.state === 'help') {
    process.stdout.write(usage);
    return;
  }
  const { json, options } = command;
  const live = !json && process.stderr.isTTY;
  const watched = live ? { onProgress: progressLine() } : {};
  const summaries =
    command.state === 'study'
      ? [await runCrowd({ ...command.options, ...watched })]
      : await runWaves({ ...command.options, ...watched });
  if (live) process.stderr.write('\n');
  if (json) {
    const [first] = summaries;
    process.stdout.write(`${JSON.stringify(command.state === 'study' ? first : { waves: summaries })}\n`);
    return;
  }
  const page = command.state === 'study' ? command.options.study : `${command.options.series}/trend`;
  const results = new URL(`/results/${page}`, options.server).href;
  process.stdout.write(`${summaries.map(summaryText).join('')}Results: ${results}\n`);
}

try {
  await main();
} catch (error) {
  const misused = error instanceof UsageError;
  process.stderr.write(`${(error as Error).message}\n${misused ? `\n${usage}` : ''}`);
  process.exitCode = misused ? 2 : 1;
}
