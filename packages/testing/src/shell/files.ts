import type { IFileSystem } from "just-bash";
import { bytesOf, type Content, contentFrom, emptyContent, textOf } from "../memory/content.ts";
import { copyFile, createFileTree, type FileTree, type NodeInfo, resolvePath } from "../memory/files.ts";

type FileContent = Parameters<IFileSystem["writeFile"]>[1];
type EncodingOption = Parameters<IFileSystem["writeFile"]>[2];

/** What just-bash lays out its own files with. */
interface SystemLayout {
  mkdirSync(path: string): void;
  writeFileSync(path: string, content: string | Uint8Array): void;
}

/**
 * A sandbox's file tree as just-bash wants a file system. There are no links: making one is refused.
 *
 * Of `/proc` there is one file for each process, by `statOf`.
 *
 * just-bash lays out `/bin`, `/dev` and `/proc` for itself, through the methods that do not wait. These files go to
 * `system`, which lies under the sandbox's own and can be one for all: so no sandbox holds a copy of them.
 */
export function shellFiles(
  tree: FileTree,
  system: FileTree,
  statOf: (pid: number) => string | undefined,
): IFileSystem & SystemLayout {
  const below = (path: string) => procOf(path, statOf) ?? (!tree.exists(path) && system.exists(path) ? system : tree);
  const list = (path: string): NodeInfo[] => {
    const own = tree.exists(path) || !system.exists(path) ? tree.list(path) : [];
    if (!system.exists(path) || system.stat(path).type === "file") return own;
    const names = new Set(own.map((entry) => entry.name));
    const more = system.list(path).filter((entry) => !names.has(entry.name));
    return more.length === 0 ? own : [...own, ...more].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const info = (path: string) => {
    const { type, size, mode, modified_at }: NodeInfo = below(path).stat(path);
    return {
      isFile: type === "file",
      isDirectory: type === "directory",
      isSymbolicLink: false,
      mode: mode | (type === "directory" ? 0o040000 : 0o100000),
      size,
      mtime: new Date(modified_at),
    };
  };
  /** Its commands read the code and the words of Node's errors. */
  const named = async <T>(path: string, call: string, operation: () => T): Promise<T> => {
    try {
      return operation();
    } catch (error) {
      throw nodeError(error, call, path);
    }
  };

  return {
    mkdirSync: (path) => system.mkdir(path, { parents: true }),
    writeFileSync(path, content) {
      if (system.exists(path)) return;
      system.write(path, contentFrom(content), { parents: true });
      system.touch(path, { mode: 0o755 });
    },
    readFile: (path, options) => named(path, "open", () => decode(below(path).read(path), encodingOf(options))),
    readFileBuffer: (path) => named(path, "open", () => bytesOf(below(path).read(path))),
    writeFile: (path, content, options) =>
      named(path, "open", () => tree.write(path, encode(content, encodingOf(options)), { parents: true })),
    appendFile: (path, content, options) =>
      named(path, "open", () => {
        if (!tree.exists(path)) tree.write(path, emptyContent, { parents: true });
        tree.append(path, encode(content, encodingOf(options)));
      }),
    exists: async (path) => below(path).exists(path),
    stat: (path) => named(path, "stat", () => info(path)),
    lstat: (path) => named(path, "lstat", () => info(path)),
    mkdir: (path, options) => named(path, "mkdir", () => tree.mkdir(path, { parents: options?.recursive === true })),
    readdir: (path) => named(path, "scandir", () => list(path).map((entry) => entry.name)),
    readdirWithFileTypes: (path) =>
      named(path, "scandir", () =>
        list(path).map(({ name, type }) => ({
          name,
          isFile: type === "file",
          isDirectory: type === "directory",
          isSymbolicLink: false,
        })),
      ),
    rm: (path, options) =>
      named(path, "rm", () => {
        if (options?.force && !tree.exists(path)) return;
        tree.remove(path, { recursive: options?.recursive === true });
      }),
    cp: (source, target, options) =>
      named(source, "cp", () => {
        const from = below(source);
        if (from.stat(source).type === "file") return copyFile(tree, source, target, from);
        if (!options?.recursive) throw Object.assign(new Error(), { code: "is_a_directory" });
        copyInto(tree, source, target);
      }),
    mv: (source, target) =>
      named(source, "rename", () => {
        if (resolvePath("/", source) === resolvePath("/", target)) return void tree.stat(source);
        const replaces = tree.stat(source).type === "file" && tree.exists(target) && tree.stat(target).type === "file";
        if (replaces) tree.remove(target);
        tree.move(source, target);
      }),
    resolvePath,
    getAllPaths: () => pathsBelow(tree, "/"),
    chmod: (path, mode) => named(path, "chmod", () => tree.touch(path, { mode: mode & 0o7777 })),
    utimes: (path, _atime, mtime) => named(path, "utime", () => tree.touch(path, { modified_at: mtime.getTime() })),
    symlink: (_target, path) => named(path, "symlink", refuseLink),
    link: (_existing, path) => named(path, "link", refuseLink),
    readlink: (path) =>
      named(path, "readlink", () => {
        below(path).stat(path);
        throw Object.assign(new Error(), { code: "EINVAL" });
      }),
    realpath: (path) =>
      named(path, "realpath", () => {
        below(path).stat(path);
        return resolvePath("/", path);
      }),
  };
}

/** The one file of a process that there is, made when it is looked at. */
function procOf(path: string, statOf: (pid: number) => string | undefined): FileTree | undefined {
  const pid = /^\/proc\/(\d+)\/stat$/.exec(path)?.[1];
  const text = pid && statOf(Number(pid));
  if (!text) return undefined;
  const files = createFileTree(() => 0);
  files.write(path, contentFrom(text), { parents: true });
  return files;
}

function refuseLink(): never {
  throw Object.assign(new Error(), { code: "EPERM" });
}

/** Merges a directory into another, as `cp -r` does. */
function copyInto(tree: FileTree, source: string, target: string): void {
  if (!tree.exists(target)) {
    tree.copy(source, target);
    return;
  }
  for (const { name, type } of tree.list(source)) {
    const [from, to] = [`${source}/${name}`, `${target}/${name}`];
    if (type === "directory") copyInto(tree, from, to);
    else copyFile(tree, from, to);
  }
}

function pathsBelow(tree: FileTree, directory: string): string[] {
  return tree.list(directory).flatMap(({ name, type }) => {
    const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
    return type === "directory" ? [path, ...pathsBelow(tree, path)] : [path];
  });
}

const NODE_ERRORS: Record<string, [code: string, text: string]> = {
  not_found: ["ENOENT", "no such file or directory"],
  not_a_directory: ["ENOTDIR", "not a directory"],
  is_a_directory: ["EISDIR", "illegal operation on a directory"],
  exists: ["EEXIST", "file already exists"],
  EPERM: ["EPERM", "operation not permitted"],
  EINVAL: ["EINVAL", "invalid argument"],
};

function nodeError(error: unknown, call: string, path: string): Error {
  const { code, message } = error as { code?: string; message: string };
  const known = NODE_ERRORS[code ?? ""] ?? unsupportedError(message);
  return Object.assign(new Error(`${known[0]}: ${known[1]}, ${call} '${path}'`), {
    code: known[0],
    path,
    syscall: call,
  });
}

function unsupportedError(message: string): [code: string, text: string] {
  if (message.includes("not empty")) return ["ENOTEMPTY", "directory not empty"];
  if (message.includes("read-only")) return ["EROFS", "read-only file system"];
  if (message.includes("busy")) return ["EBUSY", "resource busy or locked"];
  return ["EPERM", "operation not permitted"];
}

function encodingOf(options: EncodingOption | { encoding?: string | null } | undefined): string {
  return (typeof options === "string" ? options : options?.encoding) ?? "utf8";
}

function encode(content: FileContent, encoding: string): Content {
  if (typeof content !== "string") return contentFrom(content);
  switch (encoding) {
    case "binary":
    case "latin1":
    case "ascii":
      return contentFrom(bytesFromLatin1(content));
    case "base64":
      return contentFrom(bytesFromLatin1(atob(content)));
    case "hex":
      return contentFrom(Uint8Array.from(content.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    default:
      return contentFrom(content);
  }
}

function decode(content: Content, encoding: string): string {
  switch (encoding) {
    case "binary":
    case "latin1":
      return latin1FromBytes(bytesOf(content));
    case "ascii":
      return latin1FromBytes(bytesOf(content).map((byte) => byte & 0x7f));
    case "base64":
      return btoa(latin1FromBytes(bytesOf(content)));
    case "hex":
      return Array.from(bytesOf(content), (byte) => byte.toString(16).padStart(2, "0")).join("");
    default:
      return textOf(content);
  }
}

/** A string whose characters are bytes, as just-bash passes them on. */
export function latin1FromBytes(bytes: Uint8Array): string {
  let text = "";
  // In parts: a call takes only so many arguments.
  for (let at = 0; at < bytes.byteLength; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

export function bytesFromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
