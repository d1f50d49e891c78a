/** Idempotency keys: which request is a repeat of which. */
import { sha256, toHex } from "../sha256.ts";
import type { InsertKey } from "../store.ts";

/** The same text for bodies that say the same: without regard to the order of fields and to white space. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** `body` was validated, so it is not deep. */
export function insertKey(key: string, body: unknown, now: number, keepMs: number): InsertKey {
  const fingerprint = toHex(sha256(new TextEncoder().encode(canonical(body))));
  return { key, fingerprint, now, expires_at: now + keepMs };
}
