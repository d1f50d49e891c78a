/** A wire between clients and server that breaks: connections end at a random byte, in the middle of whatever they carry. */
import { createServer, type Socket, connect as tcpConnect } from "node:net";
import type { Random } from "../packages/testing/src/random.ts";

export interface CutProxy {
  readonly url: string;
  /** Where connections lead from now on; undefined for nowhere. Those that are open stay. */
  target: number | undefined;
  /** The share of new connections that will be cut, from 0 to 1. */
  cuts: number;
  /** How many were cut so far. */
  readonly cut: () => number;
  close(): Promise<void>;
}

/** A connection that is cut is so before this many bytes went through it. */
const longestLife = 6_000;

export async function startCutProxy(random: Random): Promise<CutProxy> {
  const open = new Set<Socket>();
  let count = 0;

  /** Passes bytes on, and nothing after `life` of them. */
  function pass(from: Socket, to: Socket, spend: (bytes: number) => number): void {
    from.on("data", (bytes: Buffer) => {
      const allowed = spend(bytes.length);
      if (allowed > 0 && !to.write(bytes.subarray(0, allowed))) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
  }

  const server = createServer((client) => {
    const { target } = proxy;
    if (target === undefined) return void client.destroy();
    const upstream = tcpConnect(target, "127.0.0.1");
    const pair = [client, upstream];
    const byReset = random() < 0.5;
    let life = random() < proxy.cuts ? Math.floor(random() ** 2 * longestLife) : Number.POSITIVE_INFINITY;
    const end = () => {
      for (const socket of pair) byReset ? socket.resetAndDestroy() : socket.destroy();
    };
    const spend = (bytes: number) => {
      const allowed = Math.min(bytes, life);
      life -= bytes;
      if (life <= 0) {
        count += 1;
        life = 0;
        // What was allowed is let out first.
        setImmediate(end);
      }
      return allowed;
    };
    for (const socket of pair) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.once("close", () => {
        open.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    pass(client, upstream, spend);
    pass(upstream, client, spend);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const proxy: CutProxy = {
    url: `http://127.0.0.1:${port}`,
    target: undefined,
    cuts: 0,
    cut: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
  return proxy;
}
