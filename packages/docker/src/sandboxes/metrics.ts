import type { EngineMetricSample } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import type { SandboxContainer } from "./containers.ts";

interface Metrics {
  /** Begins to sample a sandbox. */
  watch(sandbox: string, container: SandboxContainer): void;
  /** Takes no more samples of it; those it has are kept. */
  rest(sandbox: string): void;
  forget(sandbox: string): void;
  read(sandbox: string, window: { readonly start: number; readonly end: number }): Promise<EngineMetricSample[]>;
  close(): void;
}

interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number };
}
interface NetworkStats {
  readonly rx_bytes?: number;
  readonly tx_bytes?: number;
}
interface Stats {
  readonly read?: string;
  readonly cpu_stats?: CpuStats;
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
  readonly networks?: Readonly<Record<string, NetworkStats>>;
}

/** Running totals at one time. */
interface Totals {
  readonly at: number;
  readonly cpuNs: number;
  readonly mem: number;
  readonly rx: number;
  readonly tx: number;
}

interface Series {
  readonly container: SandboxContainer;
  readonly samples: EngineMetricSample[];
  last: Totals | undefined;
  resting: boolean;
  cancel: () => void;
  busy: Promise<void> | undefined;
}

/** The summary reaches back a day. */
const keptMs = 24 * 60 * 60 * 1000;
/** A reader is not kept waiting for a sample that is this fresh. */
const freshMs = 1_000;

/**
 * Samples running sandboxes with the engine's stats. Rates need two looks, so the first sample of a sandbox comes with
 * its second look, a second after it came up; after that at `intervalMs`, and when somebody asks.
 */
export function createMetrics(client: DockerClient, clock: Clock, intervalMs: number): Metrics {
  const all = new Map<string, Series>();

  const statsOf = (container: string) =>
    client.call<Stats>("GET", `/containers/${container}/stats`, { query: { stream: false, "one-shot": true } });

  async function look(series: Series): Promise<void> {
    const { id, network } = series.container;
    const [own, net] = await Promise.all([statsOf(id), network === id ? undefined : statsOf(network)]);
    const totals = totalsOf(own, net ?? own, clock.now());
    // What the engine measures of a container that is ending is nothing.
    if (totals === undefined || series.resting) return;
    const sample = sampleOf(series.last, totals);
    series.last = totals;
    if (sample === undefined) return;
    series.samples.push(sample);
    const oldest = sample.timestamp - keptMs;
    if ((series.samples[0]?.timestamp ?? oldest) < oldest) series.samples.shift();
  }

  function sample(series: Series): Promise<void> {
    series.busy ??= look(series)
      .catch(() => {})
      .finally(() => {
        series.busy = undefined;
      });
    return series.busy;
  }

  function later(series: Series, ms: number): void {
    series.cancel();
    series.cancel = clock.schedule(() => {
      void sample(series).then(() => {
        if (!series.resting) later(series, series.samples.length === 0 ? freshMs : intervalMs);
      });
    }, ms);
  }

  function rest(series: Series): void {
    series.resting = true;
    series.cancel();
  }

  return {
    watch(sandbox, container) {
      const before = all.get(sandbox);
      if (before !== undefined) rest(before);
      const samples = before?.samples ?? [];
      const series: Series = { container, samples, last: undefined, resting: false, cancel: () => {}, busy: undefined };
      all.set(sandbox, series);
      later(series, 0);
    },
    rest(sandbox) {
      const series = all.get(sandbox);
      if (series !== undefined) rest(series);
    },
    forget(sandbox) {
      const series = all.get(sandbox);
      if (series !== undefined) rest(series);
      all.delete(sandbox);
    },
    async read(sandbox, { start, end }) {
      const series = all.get(sandbox);
      if (series === undefined) return [];
      const age = clock.now() - (series.last?.at ?? 0);
      if (!series.resting && age > freshMs) await sample(series);
      return series.samples.filter(({ timestamp }) => timestamp >= start && timestamp <= end);
    },
    close() {
      for (const series of all.values()) rest(series);
      all.clear();
    },
  };
}

export function totalsOf(own: Stats, net: Stats, at: number): Totals | undefined {
  const cpuNs = own.cpu_stats?.cpu_usage?.total_usage;
  const usage = own.memory_stats?.usage;
  if (cpuNs === undefined || usage === undefined) return undefined;
  // What the kernel would give up for the asking is not in use: the page cache's cold part, as cgroups 1 and 2 name it.
  const cache = own.memory_stats?.stats?.total_inactive_file ?? own.memory_stats?.stats?.inactive_file ?? 0;
  const networks = Object.values(net.networks ?? {});
  const sum = (pick: (stats: NetworkStats) => number | undefined) =>
    networks.reduce((total, stats) => total + (pick(stats) ?? 0), 0);
  return {
    at,
    cpuNs,
    mem: Math.max(0, usage - cache),
    rx: sum(({ rx_bytes }) => rx_bytes),
    tx: sum(({ tx_bytes }) => tx_bytes),
  };
}

/** What was used between two looks; undefined for the first look, and where no time has passed. */
export function sampleOf(before: Totals | undefined, now: Totals): EngineMetricSample | undefined {
  const ms = now.at - (before?.at ?? now.at);
  if (before === undefined || ms <= 0) return undefined;
  const perSecond = (from: number, to: number) => (Math.max(0, to - from) * 1000) / ms;
  return {
    timestamp: now.at,
    cpu_cores: perSecond(before.cpuNs, now.cpuNs) / 1e9,
    mem_bytes: now.mem,
    network_rx_bytes_per_second: perSecond(before.rx, now.rx),
    network_tx_bytes_per_second: perSecond(before.tx, now.tx),
  };
}
