import { Command, type CommanderError } from 'commander';
import { accountCommand } from './account-command.ts';
import { auditCommand } from './audit-command.ts';
import { backupCommand } from './backup-command.ts';
import { calibrateCommand } from './calibrate-command.ts';
import { errorLine, exitCode, UsageError } from './command-errors.ts';
import { exportCommand } from './export-command.ts';
import { personCommand } from './person-command.ts';
import { planCommand } from './plan-command.ts';
import { withTraining } from './plan-training-command.ts';
import { restoreCommand } from './restore-command.ts';
import { resultsCommand } from './results-command.ts';
import { simulateCommand } from './simulate-command.ts';
import { startCommand } from './start-command.ts';
import { studyCommand } from './study-command.ts';
import { verifyLogCommand } from './verify-log-command.ts';

/**
 * Runs the `chorale` command. Errors go to stderr as one line; the exit code is 2 for bad arguments and
 * 1 for failures.
 * @param args arguments without the interpreter and the script
 */
export async function chorale(args: readonly string[]): Promise<void> {
  // A reader that had enough, such as `head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCode(error);
    if (process.exitCode !== 0) process.stderr.write(`chorale: ${errorLine(error)}\n`);
  }
}

function program(): Command {
  const commands = [
    startCommand(),
    withTraining(planCommand()),
    accountCommand(),
    calibrateCommand(),
    auditCommand(),
    studyCommand(),
    personCommand(),
    resultsCommand(),
    exportCommand(),
    verifyLogCommand(),
    simulateCommand(),
    backupCommand(),
    restoreCommand(),
  ];
  const root = new Command('chorale').description(
    'many voices, heard as one: private HR surveys and federated training',
  );
  // Options belong to the command that they follow, since a command and its subcommand may have the same.
  root.enablePositionalOptions();
  commands.forEach((command) => root.addCommand(command));
  prepare(root);
  return root;
}

/** Errors are thrown, not printed: they are said once, in one line, whatever they are. */
function prepare(command: Command): void {
  command.exitOverride((error: CommanderError) => {
    throw error;
  });
  command.configureOutput({ outputError: () => undefined });
  command.helpCommand(false);
  // One that has options of its own does something without a subcommand too.
  if (command.commands.length > 0 && command.options.length === 0) {
    command.allowExcessArguments(true).action(() => {
      const path = command.parent === null ? 'chorale' : `${command.parent.name()} ${command.name()}`;
      const [unknown] = command.args;
      const problem = unknown === undefined ? 'name a command' : `unknown command ${unknown}`;
      throw new UsageError(`${problem}: see ${path} --help`);
    });
  }
  command.commands.forEach(prepare);
}
