// Runs one of the project's programs from a fresh clone, on any Node from 20 on: installs what is
// missing, then hands over to the pinned Node, which runs TypeScript directly. No dependencies, because
// nothing may be installed yet.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`Node 20 or later is needed, this is ${process.versions.node}`);

if (!isInstalled()) await install();
if (!existsSync(pinnedNode)) {
  // Some npm settings skip install scripts, and the pinned Node arrives by one.
  await run('npm', ['rebuild', 'node', '--ignore-scripts=false'], 'Fetching the pinned Node');
}
if (!existsSync(pinnedNode)) fail('the pinned Node did not arrive: allow the install script of the npm package "node"');

const program = spawn(pinnedNode, process.argv.slice(2), { cwd: root, stdio: 'inherit', env: environment() });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal));
program.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));

/** Whether node_modules is what package-lock.json asks for: npm keeps a copy of what it installed. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || entry.link || present[path]?.version === entry.version,
  );
}

async function install() {
  await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], 'Installing dependencies');
}

/** Runs a long step with its elapsed time on one line (or a line every ten seconds where there is no terminal). */
function run(command, args, title) {
  const started = Date.now();
  const line = () => `${title} … ${Math.round((Date.now() - started) / 1000)} s`;
  const show = () => process.stderr.write(process.stderr.isTTY ? `\r${line()}` : `${line()}\n`);
  show();
  const timer = setInterval(show, process.stderr.isTTY ? 1000 : 10_000);
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`${command}: ${error.message}`));
    child.on('exit', (code) => {
      clearInterval(timer);
      process.stderr.write(process.stderr.isTTY ? `\r${line()}\n` : `${line()}, done\n`);
      if (code !== 0) fail(`${command} ${args.join(' ')} failed\n${errors.trim()}`);
      resolve();
    });
  });
}

/** npm scripts of the program find the project's tools, and the pinned Node, first. */
function environment() {
  const bin = join(root, 'node_modules', '.bin');
  const separator = process.platform === 'win32' ? ';' : ':';
  return { ...process.env, PATH: `${bin}${separator}${process.env.PATH ?? ''}` };
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
