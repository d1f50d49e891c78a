/** Amounts of CPU and memory, as Kubernetes writes them. */

import { fields, text } from "./checks.ts";

/** The most that one sandbox may have. */
export const MAX_CPU_CORES = 256;
/** 1 TB. */
export const MAX_MEMORY_BYTES = 1e12;

const AMOUNT = /^(\d+(?:\.\d+)?|\.\d+)([a-zA-Z]*)$/;

function parseAmount(text: string, scaleOf: (suffix: string) => number | undefined): number | undefined {
  const match = AMOUNT.exec(text);
  const scale = match ? scaleOf(match[2] ?? "") : undefined;
  if (!match || scale === undefined) return undefined;
  const amount = Number(match[1]) * scale;
  return amount > 0 && Number.isFinite(amount) ? amount : undefined;
}

/** Cores of `2`, `0.5` or `500m`; undefined for anything else, zero included. */
export const parseCpu = (text: string): number | undefined =>
  parseAmount(text, (suffix) => (suffix === "" ? 1 : suffix === "m" ? 0.001 : undefined));

const DECIMAL = ["", "k", "M", "G", "T"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti"];

/** Bytes of `4Gi`, `512Mi`, `1.5G` or `1048576`, rounded up; undefined for anything else, zero included. */
export function parseMemory(text: string): number | undefined {
  const bytes = parseAmount(text, (suffix) => {
    const decimal = DECIMAL.indexOf(suffix);
    const binary = BINARY.indexOf(suffix);
    return decimal >= 0 ? 1000 ** decimal : binary >= 0 ? 1024 ** binary : undefined;
  });
  return bytes === undefined ? undefined : Math.ceil(bytes);
}

function within(amount: number | undefined, least: number, most: number): boolean {
  return amount !== undefined && amount >= least && amount <= most;
}

/** The limits of a sandbox. */
export const checkResources = fields(
  {},
  {
    cpu: text(
      (cpu) => within(parseCpu(cpu), 0.001, MAX_CPU_CORES),
      'must be from 1m to 256 cores, such as "2" or "500m"',
    ),
    memory: text((memory) => within(parseMemory(memory), 1, MAX_MEMORY_BYTES), 'must be at most 1 TB, such as "512Mi"'),
  },
);
