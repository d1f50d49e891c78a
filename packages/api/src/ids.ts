/**
 * Ids: a kind, a hyphen, and twenty characters of lowercase base32 (digits and letters without i, l, o, u). The first
 * ten are the time, the rest is random; within one millisecond, and under a clock that stands still or goes back, the
 * rest counts up instead, so the ids of one kind always sort by creation. They are DNS labels and safe in a URL.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARS = 10;
const TAIL_CHARS = 10;
/** Half of what the tail can hold: the other half is for counting up. */
const TAIL_START = 2 ** 49;

export type IdKind = "sbx" | "vol" | "snap" | "exec" | "req" | "try";

export interface IdSource {
  /** An id that is greater than all before it, and the creation time that goes with it, which never goes back. */
  next(kind: IdKind): { readonly id: string; readonly at: number };
  /** Makes no id that is not greater than this one, of whatever kind, which an earlier process made. */
  continueAfter(id: string): void;
}

function encode(value: number, chars: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < chars; i += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

const decode = (text: string): number => {
  let value = 0;
  for (const char of text) value = value * 32 + ALPHABET.indexOf(char);
  return value;
};

/** `random` answers numbers from 0 up to but not including 1. */
export function createIds(now: () => number, random: () => number): IdSource {
  let last = -1;
  let tail = 0;
  return {
    next(kind) {
      const at = Math.max(last, Math.floor(now()), 0);
      tail = at === last ? tail + 1 : Math.floor(random() * TAIL_START);
      last = at;
      return { id: `${kind}-${encode(at, TIME_CHARS)}${encode(tail, TAIL_CHARS)}`, at };
    },
    continueAfter(id) {
      const [, time, rest] = /-([0-9a-z]{10})([0-9a-z]{10})$/.exec(id) ?? [];
      if (time === undefined || rest === undefined) return;
      const [at, count] = [decode(time), decode(rest)];
      if (at > last || (at === last && count > tail)) [last, tail] = [at, count];
    },
  };
}

/** Random numbers from the runtime's secure source; asked for only when one is needed, as some runtimes forbid it earlier. */
export function secureRandom(): number {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return ((words[0] ?? 0) * 2 ** 20 + ((words[1] ?? 0) >>> 12)) / 2 ** 52;
}
