/** Just enough of the tar format to hand a root file system to an engine. */
export type TarEntry =
  | { readonly path: string; readonly type: "file"; readonly content: Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly type: "directory"; readonly mode?: number }
  | { readonly path: string; readonly type: "link"; readonly to: string };

const block = 512;
const kinds = { file: "0", link: "2", directory: "5" } as const;

function header(entry: TarEntry): Uint8Array {
  const bytes = Buffer.alloc(block);
  const content = entry.type === "file" ? entry.content.length : 0;
  const mode = entry.type === "link" ? 0o777 : (entry.mode ?? 0o755);
  bytes.write(entry.path, 0, 100);
  bytes.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  bytes.write(`${"0".repeat(7)}\0`, 108);
  bytes.write(`${"0".repeat(7)}\0`, 116);
  bytes.write(`${content.toString(8).padStart(11, "0")}\0`, 124);
  bytes.write(`${"0".repeat(11)}\0`, 136);
  bytes.write(" ".repeat(8), 148);
  bytes.write(kinds[entry.type], 156);
  if (entry.type === "link") bytes.write(entry.to, 157, 100);
  bytes.write("ustar\0", 257);
  bytes.write("00", 263);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    if (entry.type !== "file") return [header(entry)];
    const padding = (block - (entry.content.length % block)) % block;
    return [header(entry), entry.content, new Uint8Array(padding)];
  });
  return Buffer.concat([...parts, new Uint8Array(2 * block)]);
}
