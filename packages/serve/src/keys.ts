/** API keys: made at random, kept only as SHA-256 digests, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Auth } from "@porter-sandbox/api";

/** A key's digest as text: `sha256:` and 64 hexadecimal digits. Safe to write down; nobody gets in with it. */
export type KeyHash = `sha256:${string}`;

/** Shorter keys could be guessed: their digests are fast to compute, which is fine for random ones only. */
const LEAST_CHARS = 32;

const HASH = /^sha256:[0-9a-f]{64}$/;

const digest = (key: string): Buffer => createHash("sha256").update(key).digest();

/** A new API key: `psk_` and 256 random bits. */
export const newKey = (): string => `psk_${randomBytes(32).toString("base64url")}`;

/** A key's hash, for `keyAuth` or a key file: `sha256:` and 64 hexadecimal digits. */
export const hashKey = (key: string): KeyHash => `sha256:${digest(key).toString("hex")}`;

/**
 * Lets in who brings a key that has one of these hashes.
 *
 * @throws TypeError when there is none, or one is malformed.
 *
 * @example
 * const key = newKey();
 * const api = createSandboxApi({ engine, auth: keyAuth([hashKey(key)]) });
 */
export function keyAuth(hashes: readonly string[]): Auth {
  if (hashes.length === 0) throw new TypeError("keys: must be one or more");
  for (const [n, hash] of hashes.entries()) {
    if (!HASH.test(hash)) throw new TypeError(`keys[${n}]: must be sha256: and 64 hexadecimal digits`);
  }
  const digests = hashes.map((hash) => Buffer.from(hash.slice("sha256:".length), "hex"));
  return {
    verify(key) {
      const presented = digest(key);
      // All of them are compared, so the time does not tell which one it was.
      return digests.filter((each) => timingSafeEqual(each, presented)).length > 0;
    },
  };
}

/**
 * The hashes of a key file: one key a line, as its hash or as the key itself (32 characters at least, no white space).
 * Empty lines and lines that begin with `#` count for nothing. Keys are never part of an error.
 *
 * @throws Error naming the file, and the line where one is malformed.
 */
export function readKeyFile(path: string): KeyHash[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`key file ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  const hashes = text.split("\n").flatMap((line, n): KeyHash[] => {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) return [];
    if (HASH.test(word)) return [word as KeyHash];
    if (word.startsWith("sha256:") || /\s/.test(word) || word.length < LEAST_CHARS) {
      const rule = `must be sha256: and 64 hexadecimal digits, or a key of at least ${LEAST_CHARS} characters without white space`;
      throw new Error(`key file ${path}, line ${n + 1}: ${rule}`);
    }
    return [hashKey(word)];
  });
  if (hashes.length === 0) throw new Error(`key file ${path}: must have at least one key`);
  return hashes;
}
