import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, relative } from 'node:path';
import { run } from '../scripts/run.ts';
import type { EmbeddingPages } from './embedding-pages.ts';

const types: Readonly<Record<string, string>> = { '.css': 'text/css', '.js': 'text/javascript' };

/**
 * Builds a page of `e2e/examples` by `vite build`, as an embedder would, and puts it at `/<name>/` of an origin, under the
 * policy. `https://hr.example` in it becomes the coordinator's address. Resolves to the page's address.
 */
export async function putExample(
  pages: EmbeddingPages,
  { name, coordinator, policy }: { name: string; coordinator: string; policy: string },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chorale-example-'));
  try {
    const args = ['build', `e2e/examples/${name}`, '--outDir', folder, '--base', './', '--target', 'es2022'];
    const code = await run('vite', [...args, '--logLevel', 'error'], { NODE_ENV: 'production' });
    if (code !== 0) throw new Error(`the example ${name} cannot be built`);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const text = (await readFile(file, 'utf8')).replaceAll('https://hr.example', coordinator);
      const path = `/${name}/${relative(folder, file)}`;
      if (entry.name === 'index.html') pages.put(`/${name}/`, text, policy);
      else pages.putFile(path, text, types[extname(file)] ?? 'application/octet-stream');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return `${pages.url}/${name}/`;
}
