/** A server whose memory and open files are looked at from outside, after it was made to collect its garbage. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { ServerProcess } from "../packages/serve/test/process.ts";

export interface Usage {
  /** Of JavaScript, after a collection. */
  readonly heapBytes: number;
  /** Of the process, as the kernel counts it. */
  readonly residentBytes: number;
  readonly files: number;
}

/** Goes into the environment of a server that is to be measured. */
export const measurable = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

interface Inspector {
  call(method: string): Promise<Record<string, unknown>>;
  close(): void;
}

async function inspect(address: string): Promise<Inspector> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`the inspector at ${address} does not answer`)));
  });
  const waiting = new Map<number, (result: Record<string, unknown>) => void>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: Record<string, unknown> };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  return {
    call: (method) =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        socket.send(JSON.stringify({ id: last, method }));
      }),
    close: () => socket.close(),
  };
}

/** Measures it; nothing stays open for that in between. */
export async function usageOf({ child, output }: ServerProcess): Promise<Usage> {
  const address = /Debugger listening on (ws:\S+)/.exec(output().stderr)?.[1];
  if (address === undefined) throw new Error("the server was not started to be measured");
  const files = readdirSync(`/proc/${child.pid}/fd`).length;
  const inspector = await inspect(address);
  for (let round = 0; round < 3; round += 1) {
    await inspector.call("HeapProfiler.collectGarbage");
    await pause(100);
  }
  const { usedSize } = await inspector.call("Runtime.getHeapUsage");
  inspector.close();
  const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
  const residentBytes = Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024;
  return { heapBytes: Number(usedSize), residentBytes, files };
}
