/**
 * Gives a vector's memory back at once: it is empty afterwards. The garbage collector would in its own time, and looks
 * through everything else for each few vectors that wait for it.
 */
export function freeMemory({ buffer }: { buffer: ArrayBufferLike }): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
