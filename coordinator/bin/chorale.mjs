#!/usr/bin/env node
// Runs the command on a Node that can read TypeScript: this one, or the one that is installed beside it.
import { spawn } from 'node:child_process';
import { createRequire, enableCompileCache } from 'node:module';
import { memory } from './memory.mjs';

const isServer = process.argv[2] === 'start';
const flags = isServer ? memory.flags.filter((flag) => !process.execArgv.includes(flag)) : [];
const env = isServer ? { ...memory.env, ...process.env } : process.env;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  if (process.env['CHORALE_PARENT'] !== undefined) endWithParent();
  // The same process from its start, where the system and this Node know how; a channel to a parent would be lost.
  else if (flags.length > 0 && process.channel === undefined && process.platform !== 'win32') {
    process.execve?.(
      process.execPath,
      [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)],
      env,
    );
  }
  // Without it each start compiles everything again: half a second, and 40 MB that stay.
  enableCompileCache();
  const { chorale } = await import('../src/cli/chorale.ts');
  await chorale(process.argv.slice(2));
} else {
  runOn(findNode());
}

/** A parent that was killed cannot pass that on, but its channel closes. */
function endWithParent() {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

function findNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    process.stderr.write(`chorale: Node 22.18 or later is needed, this is ${process.versions.node}\n`);
    process.exit(1);
  }
}

/** @param {string} node */
function runOn(node) {
  const child = spawn(node, [...flags, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...env, CHORALE_PARENT: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
