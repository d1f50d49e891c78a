import { bytesOf, contentFrom, textOf } from "./memory/content.ts";
import type { FileTree } from "./memory/files.ts";

/** Files of a fake, for a test to lay out and to look at. Paths are absolute. Throws an Error that names the path. */
export interface FakeFiles {
  /** Names of the entries of a directory; default the root. */
  list(path?: string): string[];
  /** Whether there is a file or directory. */
  exists(path: string): boolean;
  /** A file's bytes. */
  read(path: string): Uint8Array;
  /** A file as UTF-8. */
  readText(path: string): string;
  /** Creates or replaces a file, with the directories on the way. */
  write(path: string, data: string | Uint8Array): void;
  /** Removes a file, or a directory with all in it. */
  remove(path: string): void;
}

export function fakeFiles(tree: FileTree): FakeFiles {
  return {
    list: (path = "/") => tree.list(path).map((entry) => entry.name),
    exists: (path) => tree.exists(path),
    read: (path) => bytesOf(tree.read(path)),
    readText: (path) => textOf(tree.read(path)),
    write: (path, data) => tree.write(path, contentFrom(data), { parents: true }),
    remove: (path) => tree.remove(path, { recursive: true }),
  };
}
