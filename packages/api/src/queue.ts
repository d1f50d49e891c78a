/** Which sandboxes an engine may bring up now. */
import { EngineError } from "./engine.ts";

/** What a sandbox is promised. */
export interface SandboxSize {
  /** Cores; fractions are allowed. */
  readonly cpu_cores: number;
  /** Bytes. */
  readonly memory_bytes: number;
}

/** The bounds of a queue. */
export interface QueueOptions {
  /** CPU that may be promised to all sandboxes together, in cores. Default: no bound. */
  readonly cpu_cores?: number | undefined;
  /** Memory that may be promised to all sandboxes together, in bytes. Default: no bound. */
  readonly memory_bytes?: number | undefined;
  /** How many are brought up at once. Default: no bound. */
  readonly starts?: number | undefined;
}

/** Promises are kept by id, from `enter` or `hold` until `release`; all but `enter` take effect at once. */
export interface SandboxQueue {
  /** Why something of this size would wait for ever; undefined when it would not. */
  refusal(size: SandboxSize): { readonly field: string; readonly rule: string } | undefined;
  /**
   * Waits until there is room and promises it. What it resolves to ends the start, successful or not: call it, so that
   * the next may start. An id that has its promise already waits only for its turn to start. Rejects with the signal's
   * reason when it aborts before that, and holds nothing then but what it held before.
   */
  enter(id: string, size: SandboxSize, signal: AbortSignal): Promise<() => void>;
  /** Promises without asking for room: for what runs already. */
  hold(id: string, size: SandboxSize): void;
  /** Promises when there is room and nobody waits; `instead` of what another id held, which is released then. */
  tryHold(id: string, size: SandboxSize, instead?: string): boolean;
  /** Takes a promise back. Unknown ids are fine. */
  release(id: string): void;
  /** Whether somebody waits for room. */
  readonly short: boolean;
  /** Called when the first in line has to wait for room: who holds what it could do without may release it. */
  onShortage(listener: () => void): void;
  /** Called when a promise was taken back and nobody waits. */
  onRoom(listener: () => void): void;
}

interface Waiting {
  readonly id: string;
  readonly size: SandboxSize;
  readonly admit: () => void;
}

const nothing: SandboxSize = { cpu_cores: 0, memory_bytes: 0 };

/**
 * For engines: lets only so many sandboxes start at once, and promises no more CPU and memory than there is. The others wait
 * their turn, first come first served, so that a large one is never overtaken for ever.
 *
 * @throws Error for a bound that is not a positive number.
 *
 * @example
 * const queue = createSandboxQueue({ cpu_cores: 16, memory_bytes: 32 * 2 ** 30, starts: 4 });
 * const started = await queue.enter(plan.id, sizeOf(plan.resources), signal); // waits for room
 * try {
 *   await start(plan);
 * } catch (error) {
 *   queue.release(plan.id);
 *   throw error;
 * } finally {
 *   started(); // the next may start
 * }
 */
export function createSandboxQueue(options: QueueOptions = {}): SandboxQueue {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (typeof value === "number" && value > 0)) continue;
    throw new Error(`${name}: must be a number greater than 0 (got ${String(value)})`);
  }
  const most: SandboxSize = {
    cpu_cores: options.cpu_cores ?? Number.POSITIVE_INFINITY,
    memory_bytes: options.memory_bytes ?? Number.POSITIVE_INFINITY,
  };
  const held = new Map<string, SandboxSize>();
  const waiting: Waiting[] = [];
  const shortage: (() => void)[] = [];
  const room: (() => void)[] = [];
  let freeStarts = options.starts ?? Number.POSITIVE_INFINITY;

  /** Summed anew each time: sums that are kept drift when fractions of cores come and go. */
  const fits = (size: SandboxSize, without?: string): boolean => {
    let { cpu_cores, memory_bytes } = size;
    for (const [id, each] of held) {
      if (id === without) continue;
      cpu_cores += each.cpu_cores;
      memory_bytes += each.memory_bytes;
    }
    // A thousandth of a core is the finest that can be asked for.
    return cpu_cores <= most.cpu_cores + 0.0005 && memory_bytes <= most.memory_bytes;
  };
  const hasRoom = ({ id, size }: Waiting) => held.has(id) || fits(size);

  function serve(): void {
    let first = waiting[0];
    while (first !== undefined && freeStarts > 0 && hasRoom(first)) {
      waiting.shift();
      freeStarts -= 1;
      if (!held.has(first.id)) held.set(first.id, first.size);
      first.admit();
      first = waiting[0];
    }
    if (queue.short) for (const listener of shortage) listener();
  }

  const queue: SandboxQueue = {
    get short() {
      const first = waiting[0];
      return first !== undefined && !hasRoom(first);
    },
    refusal(size) {
      if (size.memory_bytes > most.memory_bytes) {
        const rule = `must be at most ${most.memory_bytes} bytes, which is all there is here (got ${size.memory_bytes})`;
        return { field: "resources.memory", rule };
      }
      if (size.cpu_cores > most.cpu_cores) {
        const rule = `must be at most ${most.cpu_cores} cores, which is all there is here (got ${size.cpu_cores})`;
        return { field: "resources.cpu", rule };
      }
      return undefined;
    },
    enter(id, size, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const refusal = this.refusal(size);
      if (refusal !== undefined && !held.has(id)) {
        return Promise.reject(new EngineError("unsupported", `${refusal.field}: ${refusal.rule}`));
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          // Those behind it may be smaller.
          serve();
        };
        const entry: Waiting = {
          id,
          size,
          admit() {
            signal.removeEventListener("abort", onAbort);
            let over = false;
            resolve(() => {
              if (over) return;
              over = true;
              freeStarts += 1;
              serve();
            });
          },
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(entry);
        serve();
      });
    },
    hold(id, size) {
      held.set(id, size);
    },
    tryHold(id, size, instead) {
      if (waiting.length > 0 || !fits(size, instead)) return false;
      if (instead !== undefined) held.delete(instead);
      held.set(id, size);
      return true;
    },
    release(id) {
      if (!held.delete(id)) return;
      serve();
      if (waiting.length === 0) for (const listener of room) listener();
    },
    onShortage: (listener) => void shortage.push(listener),
    onRoom: (listener) => void room.push(listener),
  };
  return queue;
}

/** What a plan asks for, with an engine's own defaults for what it does not say. */
export const sizeOf = (
  resources: { readonly cpu_cores?: number | undefined; readonly memory_bytes?: number | undefined } | undefined,
  defaults: SandboxSize = nothing,
): SandboxSize => ({
  cpu_cores: resources?.cpu_cores ?? defaults.cpu_cores,
  memory_bytes: resources?.memory_bytes ?? defaults.memory_bytes,
});
