import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

/** The audits and the whole library as one module, minified, as browsers load it; built in memory. */
export async function builtAudit(): Promise<string> {
  const { output } = (await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n');
}
