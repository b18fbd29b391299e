import { readdir, readFile } from 'node:fs/promises';

/**
 * Memory of the processes that descend from this one and whose program's name holds the word, pages that several share
 * counted once (their proportional set size). Null where there is no `/proc`.
 */
export async function proportionalMemoryMb(program: string): Promise<number | null> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  if (ids.length === 0) return null;
  const parents = new Map<number, number>();
  for (const id of ids) {
    const status = await read(`/proc/${id}/status`);
    parents.set(id, Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }
  let kilobytes = 0;
  for (const id of ids) {
    let ancestor = parents.get(id);
    while (ancestor !== undefined && ancestor !== process.pid) ancestor = parents.get(ancestor);
    if (ancestor === undefined || !(await read(`/proc/${id}/cmdline`)).includes(program)) continue;
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(await read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

/** Nothing of a process that has ended meanwhile. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
