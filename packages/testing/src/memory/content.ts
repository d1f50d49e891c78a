/**
 * The bytes of a file: a list of blocks that nobody changes, so that copies of a file, and snapshots, share them.
 */
export interface Content {
  readonly blocks: readonly Uint8Array[];
  readonly size: number;
}

/** The largest block, and the largest chunk that a reader gets. */
const BLOCK_BYTES = 256 * 1024;
/** The first block of a file of unknown size. */
const FIRST_BLOCK_BYTES = 1024;

export const emptyContent: Content = { blocks: [], size: 0 };

/** Keeps a copy of `bytes`. */
export function contentFrom(bytes: Uint8Array | string): Content {
  const copy = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes.slice();
  return copy.byteLength === 0 ? emptyContent : { blocks: [copy], size: copy.byteLength };
}

/** Keeps copies of what a stream brings, packed into blocks; passes on the stream's error. */
export async function contentFromStream(stream: ReadableStream<Uint8Array>): Promise<Content> {
  const blocks: Uint8Array[] = [];
  let block = new Uint8Array(0);
  let used = 0;
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (let from = 0; from < value.byteLength; ) {
      if (used === block.byteLength) {
        if (used > 0) blocks.push(block);
        block = new Uint8Array(nextBlockBytes(block.byteLength, value.byteLength - from));
        used = 0;
      }
      const part = value.subarray(from, from + block.byteLength - used);
      block.set(part, used);
      used += part.byteLength;
      from += part.byteLength;
    }
    size += value.byteLength;
  }
  if (used > 0) blocks.push(used === block.byteLength ? block : block.slice(0, used));
  return { blocks, size };
}

/** Blocks grow with the file: many small chunks do not make many blocks, and a small file holds no large block. */
function nextBlockBytes(last: number, coming: number): number {
  return Math.min(BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, last * 2, coming));
}

/** `a` followed by `b`. */
export function joinContent(a: Content, b: Content): Content {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const last = a.blocks.at(-1);
  const first = b.blocks[0];
  // A file that is written line by line stays a few blocks: a small last block takes the next bytes in.
  if (last && first && b.blocks.length === 1 && last.byteLength + first.byteLength <= FIRST_BLOCK_BYTES * 4) {
    return { blocks: [...a.blocks.slice(0, -1), join([last, first])], size: a.size + b.size };
  }
  return { blocks: [...a.blocks, ...b.blocks], size: a.size + b.size };
}

/** All bytes in one new array. */
export function bytesOf(content: Content): Uint8Array<ArrayBuffer> {
  return join(content.blocks);
}

/** UTF-8; what is none becomes U+FFFD. */
export function textOf(content: Content): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(content));
}

/** `length` bytes from `start` as a stream of copies, so that no reader can change the file. */
export function streamOf(content: Content, start = 0, length = content.size - start): ReadableStream<Uint8Array> {
  const end = Math.min(content.size, start + length);
  let index = 0;
  let blockStart = 0;
  let at = start;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= end) return controller.close();
        let block = content.blocks[index];
        while (block && blockStart + block.byteLength <= at) {
          blockStart += block.byteLength;
          block = content.blocks[++index];
        }
        if (!block) return controller.close();
        const from = at - blockStart;
        const part = block.slice(from, Math.min(block.byteLength, from + BLOCK_BYTES, end - blockStart));
        at += part.byteLength;
        controller.enqueue(part);
        if (at >= end) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
