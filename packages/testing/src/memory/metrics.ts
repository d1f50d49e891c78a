import type { EngineMetricSample } from "@porter-sandbox/api";

/** How far samples are apart. */
const STEP_MS = 15_000;
/** Samples that one answer holds at most; longer windows get wider steps. */
const MOST_SAMPLES = 1_000;

/** From this time on, the sandbox's own files held so many bytes. */
export interface MemoryChange {
  readonly time: number;
  readonly bytes: number;
}

/**
 * What the double knows of a sandbox's load, as regular samples over the part of a window in which it ran. Its memory is
 * the bytes that its files hold; it uses no processor and no network of its own, so those are 0.
 */
export function samplesOf(
  changes: readonly MemoryChange[],
  ran: { start: number; end: number },
  window: { start: number; end: number },
): EngineMetricSample[] {
  const start = Math.max(ran.start, window.start);
  const end = Math.min(ran.end, window.end);
  if (!(start <= end)) return [];
  const step = Math.max(STEP_MS, (end - start) / (MOST_SAMPLES - 1));
  const samples: EngineMetricSample[] = [];
  let next = 0;
  let bytes = 0;
  for (let index = 0, time = start; time <= end; index++, time = start + index * step) {
    for (let change = changes[next]; change && change.time <= time; change = changes[++next]) bytes = change.bytes;
    samples.push({
      timestamp: time,
      cpu_cores: 0,
      mem_bytes: bytes,
      network_rx_bytes_per_second: 0,
      network_tx_bytes_per_second: 0,
    });
  }
  return samples;
}
