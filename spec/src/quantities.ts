/** Amounts of CPU and memory, as Kubernetes writes them. */

import { fields, text } from "./checks.ts";

/** The most that one sandbox may have. */
export const MAX_CPU_CORES = 256;
/** 1 TB. */
export const MAX_MEMORY_BYTES = 1e12;

const AMOUNT = /^(\d+(?:\.\d+)?|\.\d+)([a-zA-Z]*)$/;

/** What each suffix stands for. */
type Scales = Readonly<Record<string, number>>;
const CORES: Scales = { "": 1, m: 0.001 };
const BYTES: Scales = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function parseAmount(text: string, scales: Scales): number | undefined {
  const [, digits, suffix = ""] = AMOUNT.exec(text) ?? [];
  const amount = Number(digits) * Number(scales[suffix]);
  return amount > 0 && Number.isFinite(amount) ? amount : undefined;
}

/** Cores of `2`, `0.5` or `500m`; undefined for anything else, zero included. */
export const parseCpu = (text: string): number | undefined => parseAmount(text, CORES);

/** Bytes of `4Gi`, `512Mi`, `1.5G` or `1048576`, rounded up; undefined for anything else, zero included. */
export function parseMemory(text: string): number | undefined {
  const bytes = parseAmount(text, BYTES);
  return bytes && Math.ceil(bytes);
}

function within(amount = 0, least: number, most: number): boolean {
  return amount >= least && amount <= most;
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
