import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP line to a database on this machine, with faults on demand. */
export type FaultyLine = {
  databaseUrl: string;
  /** From now on the open connections carry nothing, without an end; new ones work. */
  stall(): void;
  /** The next connection that sends `text` is cut when the reply comes: the request was heard, the reply is lost. */
  loseReplyTo(text: string): void;
  close(): Promise<void>;
};

/** Lays a line to the server of `databaseUrl`. */
export async function layFaultyLine(databaseUrl: string): Promise<FaultyLine> {
  const target = new URL(databaseUrl);
  const pairs = new Set<[Socket, Socket]>();
  let fatalText: string | null = null;

  const door = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [client, server];
    let isDoomed = false;
    pairs.add(pair);
    const cut = (): void => {
      pairs.delete(pair);
      pair.forEach((socket) => socket.destroy());
    };
    pair.forEach((socket) => socket.on('error', cut).on('close', cut));
    client.on('data', (data) => {
      if (fatalText !== null && data.includes(fatalText)) {
        fatalText = null;
        isDoomed = true;
      }
      server.write(data);
    });
    server.on('data', (data) => (isDoomed ? cut() : client.write(data)));
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');

  return {
    databaseUrl: Object.assign(new URL(databaseUrl), { host: `127.0.0.1:${address.port}` }).href,
    stall: () => pairs.forEach((pair) => pair.forEach((socket) => socket.pause().removeAllListeners('data'))),
    loseReplyTo: (text) => void (fatalText = text),
    async close() {
      pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
      door.close();
      await once(door, 'close');
    },
  };
}
