import type { Bytes } from "./bytes.ts";

/** More than a file can have: a length beyond it is not believed. */
const LARGEST_FILE = 2 ** 30;

/** All that comes, in one piece; `size`: how much that will be, when it is known. */
export async function gather(body: { size?: number | undefined; next(): Promise<Bytes | undefined> }): Promise<Bytes> {
  const { size } = body;
  // One piece of memory, filled as the bytes come; a length nobody could mean is not believed.
  let bytes = new Uint8Array(size !== undefined && size <= LARGEST_FILE ? size : 65_536);
  let length = 0;
  for (let chunk = await body.next(); chunk; chunk = await body.next()) {
    if (length + chunk.length > bytes.length) {
      const larger = new Uint8Array(Math.max(length + chunk.length, bytes.length * 2));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
