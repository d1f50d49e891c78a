import { EngineError } from "@porter-sandbox/api";
import { type Content, emptyContent, joinContent } from "./content.ts";
import { copyFile, type FileTree, isWithin, type NodeInfo, resolvePath } from "./files.ts";

/** What a sandbox may do with a mounted volume. */
export type MountAccess = "read_write" | "read_only" | "write_only_new_files";

export interface Mount {
  /** Absolute; a longer path lies over a shorter one. */
  readonly path: string;
  readonly tree: FileTree;
  readonly access: MountAccess;
}

/**
 * A sandbox's whole file system: its root with volumes mounted into it, as one tree. Moves between volumes are a copy
 * and a removal, mount points stay where they are.
 */
export function mountTrees(root: FileTree, mounts: readonly Mount[]): FileTree {
  const whole: Mount = { path: "/", tree: root, access: "read_write" };
  const outermostFirst = [...mounts].sort((a, b) => a.path.length - b.path.length);
  const innermostFirst = [...outermostFirst].reverse();

  const locate = (path: string) => {
    const absolute = resolvePath("/", path);
    const mount = innermostFirst.find((each) => isWithin(each.path, absolute)) ?? whole;
    const inner = mount === whole ? absolute : absolute.slice(mount.path.length) || "/";
    return { mount, tree: mount.tree, inner, absolute };
  };
  const forWriting = (path: string, options: { replaces: boolean }) => {
    const place = locate(path);
    const { access } = place.mount;
    const replaced = options.replaces && place.tree.exists(place.inner);
    if (access === "read_only" || (access === "write_only_new_files" && replaced)) {
      throw new EngineError("unsupported", `${place.absolute}: read-only file system`);
    }
    return place;
  };
  const notBusy = (path: string) => {
    const absolute = resolvePath("/", path);
    if (mounts.some((mount) => isWithin(absolute, mount.path))) {
      throw new EngineError("unsupported", `${absolute}: device or resource busy`);
    }
  };
  const copyAcross = (from: ReturnType<typeof locate>, to: ReturnType<typeof locate>): void => {
    const { type, mode } = from.tree.stat(from.inner);
    if (type === "file") {
      copyFile(to.tree, from.inner, to.inner, from.tree);
      return;
    }
    to.tree.mkdir(to.inner);
    to.tree.touch(to.inner, { mode });
    for (const { name } of from.tree.list(from.inner)) {
      copyAcross(locate(`${from.absolute}/${name}`), locate(`${to.absolute}/${name}`));
    }
  };
  const free = (path: string) => {
    const place = forWriting(path, { replaces: false });
    if (place.tree.exists(place.inner)) throw new EngineError("exists", `${place.absolute}: exists already`);
    return place;
  };

  // Mount points show in the directory above them.
  for (const { path } of outermostFirst) {
    const above = innermostFirst.find((each) => each.path !== path && isWithin(each.path, path)) ?? whole;
    above.tree.mkdir(above === whole ? path : path.slice(above.path.length), { parents: true });
  }

  return {
    stat(path): NodeInfo {
      const { tree, inner, absolute } = locate(path);
      return { ...tree.stat(inner), name: absolute.slice(absolute.lastIndexOf("/") + 1) };
    },
    exists(path) {
      const { tree, inner } = locate(path);
      return tree.exists(inner);
    },
    list(path) {
      const { tree, inner } = locate(path);
      return tree.list(inner);
    },
    read(path): Content {
      const { tree, inner } = locate(path);
      return tree.read(inner);
    },
    write(path, content, options) {
      if (isNull(path)) return;
      const { tree, inner } = forWriting(path, { replaces: true });
      tree.write(inner, content, options);
    },
    append(path, content) {
      if (isNull(path)) return;
      const { tree, inner } = forWriting(path, { replaces: true });
      const before = tree.exists(inner) ? tree.read(inner) : emptyContent;
      tree.write(inner, joinContent(before, content));
    },
    mkdir(path, options) {
      if (options?.parents && this.exists(path) && this.stat(path).type === "directory") return;
      const { tree, inner } = forWriting(path, { replaces: false });
      tree.mkdir(inner, options);
    },
    remove(path, options) {
      notBusy(path);
      const { tree, inner } = forWriting(path, { replaces: true });
      tree.remove(inner, options);
    },
    move(from, to) {
      notBusy(from);
      const source = forWriting(from, { replaces: true });
      const target = free(to);
      if (source.tree === target.tree) return source.tree.move(source.inner, target.inner);
      copyAcross(source, target);
      source.tree.remove(source.inner, { recursive: true });
    },
    copy(from, to) {
      const source = locate(from);
      const target = free(to);
      if (source.tree.stat(source.inner).type === "directory" && isWithin(source.absolute, target.absolute)) {
        throw new EngineError("unsupported", `${source.absolute}: cannot copy into itself`);
      }
      copyAcross(source, target);
    },
    touch(path, change) {
      const { tree, inner } = forWriting(path, { replaces: false });
      tree.touch(inner, change);
    },
    inode(path) {
      const { tree, inner } = locate(path);
      return tree.inode(inner);
    },
    /** The sandbox's own bytes: volumes are not part of it. */
    size: () => root.size(),
    clone: () => mountTrees(root.clone(), mounts),
  };
}

/** The one device: reads as empty, swallows what is written. */
function isNull(path: string): boolean {
  return resolvePath("/", path) === "/dev/null";
}
