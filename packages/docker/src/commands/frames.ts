/**
 * Docker's framing of two streams in one: a header of eight bytes (the stream, three zeros, the length as a big-endian
 * number), then that many bytes.
 */

export type OutputStream = "stdout" | "stderr";

interface FrameReader {
  /** Takes the next bytes, cut anywhere. */
  push(bytes: Uint8Array): void;
  /** Throws when the stream was cut inside a frame. */
  end(): void;
}

const headerLength = 8;

/**
 * Takes a stream apart as it arrives, without holding whole frames. `emit` gets each piece of a frame in turn; `last`
 * marks the piece that completes it. An empty frame is one empty piece.
 *
 * @throws Error from `push` when the bytes are no frames.
 */
export function readFrames(emit: (stream: OutputStream, piece: Uint8Array, last: boolean) => void): FrameReader {
  const header = new Uint8Array(headerLength);
  let have = 0;
  let left = 0;
  let stream: OutputStream = "stdout";
  return {
    push(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (left > 0) {
          const piece = bytes.subarray(at, at + left);
          at += piece.length;
          left -= piece.length;
          emit(stream, piece, left === 0);
          continue;
        }
        const part = bytes.subarray(at, at + headerLength - have);
        header.set(part, have);
        have += part.length;
        at += part.length;
        if (have < headerLength) return;
        have = 0;
        const kind = header[0];
        if ((kind !== 0 && kind !== 1 && kind !== 2) || header[1] !== 0 || header[2] !== 0 || header[3] !== 0) {
          throw new Error(`the engine's stream is not framed as expected (header ${[...header].join(" ")})`);
        }
        // 0 is stdin echoed, which Docker writes to stdout.
        stream = kind === 2 ? "stderr" : "stdout";
        left = new DataView(header.buffer).getUint32(4);
        if (left === 0) emit(stream, new Uint8Array(0), true);
      }
    },
    end() {
      if (have > 0 || left > 0) throw new Error("the engine's stream ended inside a frame");
    },
  };
}
