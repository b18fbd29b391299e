/**
 * A module worker from the SDK's own files. Browsers refuse a worker from another origin, as when a page
 * embeds the SDK from the coordinator; a worker from a blob on the page's origin that imports it is
 * allowed, where the page's policy has `worker-src blob:` and the other origin sends CORS headers.
 */
export async function createTrainingWorker(): Promise<Worker> {
  // Imported here, so that the module that uses workers can be loaded where there are none.
  const { default: path } = await import('./worker.ts?worker&url');
  const url = new URL(path, import.meta.url);
  if (url.origin === globalThis.location.origin) return new Worker(url, { type: 'module' });
  const shim = new Blob([shimCode(url.href)], { type: 'text/javascript' });
  // Never revoked: some browsers fetch it only after the constructor has returned.
  return new Worker(URL.createObjectURL(shim), { type: 'module' });
}

/**
 * Imports dynamically, since `script-src` allows the SDK's origin already, while `worker-src` would have to
 * allow it for a static import. Messages that arrive before the import is done are kept for it.
 */
function shimCode(url: string): string {
  return `
    const early = [];
    const keep = ({ data }) => early.push(data);
    addEventListener('message', keep);
    import(${JSON.stringify(url)}).then(() => {
      removeEventListener('message', keep);
      for (const data of early) dispatchEvent(new MessageEvent('message', { data }));
    }, (error) => setTimeout(() => { throw error; }));
  `;
}
