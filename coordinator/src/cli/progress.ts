/** How often progress is told, in milliseconds. */
const EVERY_MS = 1000;

/** Tells on stderr how far a long command is, at most once a second; nothing of one that is over sooner. */
export function progressLine(): (text: string) => void {
  let toldAt = Date.now();
  return (text) => {
    if (Date.now() - toldAt < EVERY_MS) return;
    toldAt = Date.now();
    process.stderr.write(`${text}\n`);
  };
}
