import { describe, expect, it } from "vitest";
import { sampleOf, totalsOf } from "./metrics.ts";

describe("a sample", () => {
  const stats = (total_usage: number, usage: number, rx_bytes: number) => ({
    cpu_stats: { cpu_usage: { total_usage } },
    memory_stats: { usage, stats: { inactive_file: 100 } },
    networks: { eth0: { rx_bytes, tx_bytes: 2 * rx_bytes }, eth1: { rx_bytes: 1 } },
  });
  it("is what was used between two looks", () => {
    const [first, second] = [
      totalsOf(stats(0, 500, 0), stats(0, 0, 0), 1000),
      totalsOf(stats(5e8, 700, 0), stats(0, 0, 300), 3000),
    ];
    if (first === undefined || second === undefined) return expect.unreachable();
    expect(sampleOf(undefined, first)).toBeUndefined();
    expect(sampleOf(second, second)).toBeUndefined();
    expect(sampleOf(first, second)).toEqual({
      timestamp: 3000,
      cpu_cores: 0.25,
      mem_bytes: 600,
      network_rx_bytes_per_second: 150,
      network_tx_bytes_per_second: 300,
    });
    expect(totalsOf({}, {}, 1)).toBeUndefined();
  });
});
