import { EngineError } from "@porter-sandbox/api";
import { type Content, emptyContent, joinContent } from "./content.ts";

interface FileNode {
  readonly type: "file";
  content: Content;
  modified_at: number;
  mode: number;
}

interface DirectoryNode {
  readonly type: "directory";
  readonly entries: Map<string, TreeNode>;
  modified_at: number;
  mode: number;
}

type TreeNode = FileNode | DirectoryNode;

/** What a tree says of a path. */
export interface NodeInfo {
  /** The last part of its path. */
  readonly name: string;
  /** Which of the two. */
  readonly type: "file" | "directory";
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified_at: number;
  /** The permission bits, such as `0o644`. */
  readonly mode: number;
}

/**
 * A tree of files and directories in memory. Paths are absolute; `.`, `..` and doubled slashes are resolved by name and
 * never lead out. There are no links of any kind. Refusals are EngineErrors: `not_found`, `not_a_directory`,
 * `is_a_directory`, `exists`, and `unsupported` for a directory that is not empty or the root.
 */
export interface FileTree {
  /** What is at a path. */
  stat(path: string): NodeInfo;
  /** Whether there is anything at a path. */
  exists(path: string): boolean;
  /** The direct entries, by name. */
  list(path: string): NodeInfo[];
  /** A file's content. */
  read(path: string): Content;
  /** Replaces or creates a file; `parents` creates missing directories on the way. */
  write(path: string, content: Content, options?: { parents?: boolean }): void;
  /** Adds to the end of a file, which is created when it is not there. */
  append(path: string, content: Content): void;
  /** Makes a directory; `parents` creates missing ones on the way, and one that is there is fine then. */
  mkdir(path: string, options?: { parents?: boolean }): void;
  /** Removes a file, an empty directory, or with `recursive` all below. */
  remove(path: string, options?: { recursive?: boolean }): void;
  /** Moves to a path whose parent exists and which does not exist itself. */
  move(from: string, to: string): void;
  /** Copies a file or a whole directory to a path that does not exist and whose parent does. */
  copy(from: string, to: string): void;
  /** Sets the time, or the permission bits, which are kept and not enforced. */
  touch(path: string, change: { modified_at?: number; mode?: number }): void;
  /** A number that stays with a file or directory while it is written or moved, and that no other in any tree has. */
  inode(path: string): number;
  /** Bytes in all files together. Costs a walk. */
  size(): number;
  /** A tree of its own that shares the bytes: what happens to either is not seen in the other. */
  clone(): FileTree;
}

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** A tree whose times come from `now`. Without `root`, an empty one. */
export function createFileTree(now: () => number, root: DirectoryNode = newDirectory(now())): FileTree {
  const find = (path: string): TreeNode => {
    let node: TreeNode = root;
    for (const name of segmentsOf(path)) {
      if (node.type !== "directory") throw new EngineError("not_a_directory", `${path}: not a directory`);
      const next = node.entries.get(name);
      if (!next) throw new EngineError("not_found", `${path}: no such file or directory`);
      node = next;
    }
    return node;
  };
  const findDirectory = (path: string): DirectoryNode => {
    const node = find(path);
    if (node.type !== "directory") throw new EngineError("not_a_directory", `${path}: not a directory`);
    return node;
  };
  const findFile = (path: string): FileNode => {
    const node = find(path);
    if (node.type !== "file") throw new EngineError("is_a_directory", `${path}: is a directory`);
    return node;
  };
  /** The directory at the path of these names, made where it is missing; nothing is made when a file is in the way. */
  const ensure = (segments: readonly string[], path: string): DirectoryNode => {
    let node: DirectoryNode = root;
    for (const name of segments) {
      let next = node.entries.get(name);
      if (next && next.type !== "directory") throw new EngineError("not_a_directory", `${path}: not a directory`);
      if (!next) {
        next = newDirectory(now());
        setEntry(node, name, next);
      }
      node = next;
    }
    return node;
  };
  /** The directory of a path and the name in it; the root has neither. */
  const place = (path: string, parents = false): { parent: DirectoryNode; name: string } => {
    const segments = segmentsOf(path);
    const name = segments.pop();
    if (name === undefined) throw new EngineError("unsupported", "/: the root cannot be replaced, moved or removed");
    const parent = parents ? ensure(segments, path) : findDirectory(`/${segments.join("/")}`);
    return { parent, name };
  };
  const setEntry = (parent: DirectoryNode, name: string, node: TreeNode) => {
    parent.entries.set(name, node);
    parent.modified_at = now();
  };
  const free = (path: string) => {
    const { parent, name } = place(path);
    if (parent.entries.has(name)) throw new EngineError("exists", `${path}: exists already`);
    return { parent, name };
  };

  return {
    stat: (path) => infoOf(segmentsOf(path).at(-1) ?? "", find(path)),
    exists(path) {
      try {
        find(path);
        return true;
      } catch {
        return false;
      }
    },
    list: (path) =>
      [...findDirectory(path).entries].map(([name, node]) => infoOf(name, node)).sort((a, b) => byName(a.name, b.name)),
    read: (path) => findFile(path).content,
    write(path, content, options) {
      if (segmentsOf(path).length === 0) throw new EngineError("is_a_directory", "/: is a directory");
      const { parent, name } = place(path, options?.parents);
      const node = parent.entries.get(name);
      if (node?.type === "directory") throw new EngineError("is_a_directory", `${path}: is a directory`);
      if (node) Object.assign(node, { content, modified_at: now() });
      else setEntry(parent, name, { type: "file", content, modified_at: now(), mode: FILE_MODE });
    },
    append(path, content) {
      const before = this.exists(path) ? findFile(path).content : emptyContent;
      this.write(path, joinContent(before, content));
    },
    mkdir(path, options) {
      if (options?.parents) return void ensure(segmentsOf(path), path);
      if (segmentsOf(path).length === 0) throw new EngineError("exists", "/: exists already");
      const { parent, name } = free(path);
      setEntry(parent, name, newDirectory(now()));
    },
    remove(path, options) {
      const { parent, name } = place(path);
      const node = find(path);
      if (node.type === "directory" && node.entries.size > 0 && !options?.recursive) {
        throw new EngineError("unsupported", `${path}: the directory is not empty`);
      }
      parent.entries.delete(name);
      parent.modified_at = now();
    },
    move(from, to) {
      const source = place(from);
      const node = find(from);
      if (node.type === "directory" && isBelow(from, to)) {
        throw new EngineError("unsupported", `${from}: cannot move into itself`);
      }
      const target = free(to);
      source.parent.entries.delete(source.name);
      source.parent.modified_at = now();
      setEntry(target.parent, target.name, node);
    },
    copy(from, to) {
      const node = find(from);
      if (node.type === "directory" && isBelow(from, to)) {
        throw new EngineError("unsupported", `${from}: cannot copy into itself`);
      }
      const target = free(to);
      setEntry(target.parent, target.name, copyNode(node, now()));
    },
    touch(path, change) {
      Object.assign(find(path), change);
    },
    inode: (path) => inodeOf(find(path)),
    size: () => sizeOf(root),
    clone: () => createFileTree(now, copyNode(root)),
  };
}

/** Writes a file's content to another path. What is new has the same permissions, what was there keeps its own. */
export function copyFile(tree: FileTree, from: string, to: string, source: FileTree = tree): void {
  const isNew = !tree.exists(to);
  tree.write(to, source.read(from));
  if (isNew) tree.touch(to, { mode: source.stat(from).mode });
}

/** The names of a path, with `.`, `..` and empty ones resolved; `..` above the root stays there. */
function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") segments.pop();
    else if (name !== "" && name !== ".") segments.push(name);
  }
  return segments;
}

/** Makes a path absolute against `directory` and resolves it by name. */
export function resolvePath(directory: string, path: string): string {
  return `/${segmentsOf(path.startsWith("/") ? path : `${directory}/${path}`).join("/")}`;
}

/** Is `path` the directory itself or below it? */
export function isWithin(directory: string, path: string): boolean {
  const names = segmentsOf(path);
  return segmentsOf(directory).every((name, index) => names[index] === name);
}

function isBelow(directory: string, path: string): boolean {
  return segmentsOf(path).length > segmentsOf(directory).length && isWithin(directory, path);
}

function newDirectory(time: number): DirectoryNode {
  return { type: "directory", entries: new Map(), modified_at: time, mode: DIRECTORY_MODE };
}

const inodes = new WeakMap<TreeNode, number>();
let lastInode = 0;

/** Given when it is asked for: most files never are. */
function inodeOf(node: TreeNode): number {
  let inode = inodes.get(node);
  if (inode === undefined) {
    lastInode += 1;
    inode = lastInode;
    inodes.set(node, inode);
  }
  return inode;
}

function infoOf(name: string, node: TreeNode): NodeInfo {
  const { type, modified_at, mode } = node;
  return { name, type, size: node.type === "file" ? node.content.size : 0, modified_at, mode };
}

/** Times stay as they are, or become `time`. */
function copyNode<N extends TreeNode>(node: N, time?: number): N;
function copyNode(node: TreeNode, time?: number): TreeNode {
  const modified_at = time ?? node.modified_at;
  if (node.type === "file") return { ...node, modified_at };
  const entries = new Map([...node.entries].map(([name, child]) => [name, copyNode(child, time)]));
  return { ...node, entries, modified_at };
}

function sizeOf(node: TreeNode): number {
  if (node.type === "file") return node.content.size;
  return [...node.entries.values()].reduce((total, child) => total + sizeOf(child), 0);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
