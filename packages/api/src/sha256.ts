/**
 * SHA-256, as FIPS 180-4 writes it. `crypto.subtle` has it too, but only asynchronously, with a thread hop for each
 * request, and not at all in pages that a browser holds for insecure.
 */
const fractionBits = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) | 0;

/** The round constants and the initial state are bits of roots of the first primes; computed on first use. */
let constants: { readonly k: Int32Array; readonly h: Int32Array } | undefined;

function tables(): { readonly k: Int32Array; readonly h: Int32Array } {
  if (constants !== undefined) return constants;
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p !== 0)) primes.push(n);
  constants = {
    k: Int32Array.from(primes, (p) => fractionBits(Math.cbrt(p))),
    h: Int32Array.from(primes.slice(0, 8), (p) => fractionBits(Math.sqrt(p))),
  };
  return constants;
}

const rotate = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits));

/** The message, a one bit, zeros up to the last eight bytes of a block, and its length in bits. */
function pad(message: Uint8Array): DataView {
  const padded = new Uint8Array((((message.length + 8) >>> 6) + 1) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, (message.length << 3) >>> 0);
  return view;
}

/** The schedule of one block. It is filled anew for each, and nothing here waits, so there is one for all. */
let schedule: Int32Array | undefined;

export function sha256(message: Uint8Array): Uint8Array {
  const { k, h } = tables();
  schedule ??= new Int32Array(64);
  const w = schedule;
  const state = Int32Array.from(h);
  const view = pad(message);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let last = state[7] as number;
    for (let i = 0; i < 64; i += 1) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (last + s1 + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      last = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
    state[5] = (state[5] as number) + f;
    state[6] = (state[6] as number) + g;
    state[7] = (state[7] as number) + last;
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i += 1) digest.setInt32(i * 4, state[i] as number);
  return new Uint8Array(digest.buffer);
}

/** For whole words, as a digest has them. Joined, not added up: a text made of many sums keeps all of its parts in memory. */
export function toHex(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) words.push(view.getUint32(at).toString(16).padStart(8, "0"));
  return words.join("");
}
