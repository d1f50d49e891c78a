/** What is as it is at the moment of asking: sandboxes in the store, this process. */
import { readdirSync } from "node:fs";
import { isLive, PHASES, type Store } from "@porter-sandbox/api";
import type { Metric } from "./metrics.ts";

export async function sandboxMetrics(store: Pick<Store, "pageSandboxes">): Promise<Metric[]> {
  const samples: { labels: { phase: string }; value: number }[] = [];
  let live = 0;
  for (const phase of PHASES) {
    const { total } = await store.pageSandboxes({ phases: [phase] }, { offset: 0, limit: 0 });
    samples.push({ labels: { phase }, value: total });
    if (isLive(phase)) live += total;
  }
  return [
    { name: "porter_sandbox_sandboxes", type: "gauge", help: "Sandboxes that are remembered, by phase.", samples },
    {
      name: "porter_sandbox_sandboxes_live",
      type: "gauge",
      help: "Sandboxes that wait or run.",
      samples: [{ value: live }],
    },
  ];
}

/** Only where the system has them as files. */
function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  type: "gauge",
  help,
  samples: [{ value }],
});

export function processMetrics(): Metric[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const files = openFiles();
  return [
    gauge("process_resident_memory_bytes", "Memory of this process that is in RAM.", rss),
    gauge("nodejs_heap_size_used_bytes", "Heap in use.", heapUsed),
    gauge(
      "process_start_time_seconds",
      "When this process started, since the epoch.",
      Math.round(Date.now() / 1000 - process.uptime()),
    ),
    ...(files === undefined ? [] : [gauge("process_open_fds", "Open file descriptors.", files)]),
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "CPU time of this process.",
      samples: [{ value: (user + system) / 1e6 }],
    },
  ];
}
