import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

/** The package and its audits as one module, minified, as browsers load it; built in memory. */
export async function builtPackage(): Promise<string> {
  const { output } = (await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    mode: 'whole-package',
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n');
}
