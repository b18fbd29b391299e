import type { Command } from 'commander';
import { UsageError } from './command-errors.ts';

/** One thing that can be set by a flag, or else by the environment. */
export type Setting<T> = {
  /** As commander writes it: `--port <PORT>`. */
  flag: string;
  env: string;
  description: string;
  /** What holds without both, in words. */
  otherwise: string;
  /** @throws UsageError through `reject`, which says what was wrong and where it came from */
  read: (text: string, reject: (rule: string) => never) => T;
  fallback: T;
};

/** Adds settings to a command, each with its variable and its default in the help. */
export function withSettings(command: Command, settings: Record<string, Setting<unknown>>): Command {
  for (const { flag, env, description, otherwise } of Object.values(settings)) {
    command.option(flag, `${description} (${env}; default: ${otherwise})`);
  }
  return command;
}

/** What was set, by a flag or the environment; an empty variable is none. @throws UsageError */
export function readSetting<T>(
  { flag, env, read, fallback }: Setting<T>,
  given: string | true | undefined,
  environment: NodeJS.ProcessEnv,
): T {
  const text = given === true ? 'true' : (given ?? (environment[env] || undefined));
  if (text === undefined) return fallback;
  const source = given === undefined ? env : flag.split(' ')[0]!;
  return read(text, (rule) => {
    // Not the value where it may be a secret.
    throw new UsageError(`${source} must be ${rule}${SECRETS.has(env) ? '' : `, got ${text}`}`);
  });
}

const SECRETS = new Set(['OPERATOR_TOKEN', 'DATABASE_URL']);
