import { parseArgs } from 'node:util';
import { uniformInteger, secureRandom } from '@chorale/privacy';
import { type CrowdOptions, type CrowdSummary, runCrowd } from './crowd/run-crowd.ts';

const usage = `Lets simulated employees answer a simulated study, through the same code as a browser.

npm run crowd -- [options]
  --employees N    how many answer (5000)
  --server URL     the coordinator (http://localhost:8787)
  --study ID       the study (pulse-demo)
  --seed N         of their opinions, a whole number (drawn); noise is never seeded
  --json           print one JSON object and nothing else
`;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Command = { state: 'help' } | { state: 'run'; json: boolean; options: CrowdOptions };

function readCommand(args: string[]): Command {
  const { values } = parse(args);
  if (values.help === true) return { state: 'help' };
  const seed =
    values.seed === undefined ? uniformInteger(2 ** 31, secureRandom()) : wholeNumber('--seed', values.seed, 0);
  return {
    state: 'run',
    json: values.json,
    options: {
      server: address(values.server),
      study: values.study,
      employees: wholeNumber('--employees', values.employees, 1),
      seed,
      crowd: crypto.randomUUID(),
    },
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        employees: { type: 'string', default: '5000' },
        server: { type: 'string', default: `http://localhost:${process.env['PORT'] ?? 8787}` },
        study: { type: 'string', default: 'pulse-demo' },
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
function progressLine(): NonNullable<CrowdOptions['onProgress']> {
  let last = -1;
  return ({ done, total, seconds }) => {
    if (seconds - last < 0.1 && done < total) return;
    last = seconds;
    process.stderr.write(
      `\r${done.toLocaleString('en')} of ${total.toLocaleString('en')} employees, ${Math.round(done / seconds).toLocaleString('en')} a second  `,
    );
  };
}

function summaryText(
  { study, title, acknowledged, refused, seconds, perSecond, seed }: CrowdSummary,
  server: string,
): string {
  const lines = [
    `${acknowledged.toLocaleString('en')} simulated employees answered "${title}" in ${seconds.toFixed(1)} s (${Math.round(perSecond).toLocaleString('en')} a second, seed ${seed}).`,
    ...Object.entries(refused).map(([code, count]) => `${count} were refused: ${code}.`),
    `Results: ${new URL(`/results?study=${study}`, server).href}`,
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
  const summary = await runCrowd(live ? { ...options, onProgress: progressLine() } : options);
  if (live) process.stderr.write('\n');
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : summaryText(summary, options.server));
}

try {
  await main();
} catch (error) {
  const misused = error instanceof UsageError;
  process.stderr.write(`${(error as Error).message}\n${misused ? `\n${usage}` : ''}`);
  process.exitCode = misused ? 2 : 1;
}
