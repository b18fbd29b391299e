import {
  auditChannel,
  auditTakesOptions,
  auditedMechanism,
  auditedNames,
  auditMechanism,
  isEnumerable,
} from '@chorale/audit';
import { Command } from 'commander';
import { calculate, parseName, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Options = { mechanism: string; options?: number; epsilon: number; samples?: number; json?: true };

const quietMs = 3_000;

/** `chorale audit`: what a mechanism of this program really reveals, from its reports and from its probabilities. */
export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'measure the privacy loss of a mechanism; ends with code 1 unless at least 90% of the claim, and no more than all of it, is shown',
    )
    .requiredOption('--mechanism <NAME>', `${auditedNames.join(', ')}, or a short name such as grr`, parseName)
    .option('--options <K>', 'letters of the alphabet, or the dimension for privunit2', parseWholeNumber)
    .requiredOption('--epsilon <E>', 'claimed', parseNumber)
    .option('--samples <N>', 'draws in all (default: as many as it takes)', parseWholeNumber)
    .option('--json', 'print one JSON object; epsilonExact is null where there are too many reports to list')
    .action(({ json, ...options }: Options) => {
      const result = calculate(() => audit(options));
      if (json) printJson(result);
      else printFields({ ...result, passed: result.passed ? 'yes' : 'no' });
      if (!result.passed) process.exitCode = 1;
    });
}

function audit({ mechanism: name, options, epsilon, samples }: Options) {
  if (options !== undefined && !auditTakesOptions(name))
    throw new UsageError(`mechanism ${name} does not take --options`);
  const subject = auditedMechanism({ name, options, epsilon });
  const { channel } = subject;
  const exact = channel !== null && isEnumerable(channel) ? auditChannel(channel, { epsilon }) : null;
  const {
    epsilonClaimed,
    epsilonLowerBound,
    confidence,
    verdict,
    samples: drawn,
  } = auditMechanism({
    ...subject,
    epsilon,
    samples,
    onProgress: progress(),
  });
  return {
    mechanism: subject.mechanism,
    epsilonClaimed,
    epsilonExact: exact?.epsilonExact ?? null,
    epsilonLowerBound,
    confidence,
    passed: verdict === 'sound' && exact?.passed !== false,
    verdict: exact?.passed === false ? 'exact-weights-differ' : verdict,
    samples: drawn,
  };
}

/** Says on stderr that work goes on, where it takes longer than people like to wait in silence. */
function progress(): (drawn: number) => void {
  let said = performance.now();
  return (drawn) => {
    if (performance.now() - said < quietMs) return;
    said = performance.now();
    process.stderr.write(`chorale: ${drawn.toLocaleString('en')} reports drawn\n`);
  };
}
