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

export function sha256(message: Uint8Array): Uint8Array {
  const { k, h } = tables();
  const state = Int32Array.from(h);
  const w = new Int32Array(64);
  const view = pad(message);
  const at = (array: Int32Array, i: number): number => array[i] ?? 0;
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const x = at(w, i - 15);
      const y = at(w, i - 2);
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = at(w, i - 16) + s0 + at(w, i - 7) + s1;
    }
    let [a, b, c, d, e, f, g, hh] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => at(state, i)) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < 64; i += 1) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (hh + s1 + ((e & f) ^ (~e & g)) + at(k, i) + at(w, i)) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      hh = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const round = [a, b, c, d, e, f, g, hh];
    for (let i = 0; i < 8; i += 1) state[i] = at(state, i) + (round[i] ?? 0);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i += 1) digest.setInt32(i * 4, at(state, i));
  return new Uint8Array(digest.buffer);
}

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
