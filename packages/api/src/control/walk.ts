/** Listing what is in a volume: a breadth-first walk up to a budget of entries. */
import { normalizeVolumePath } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { EngineFileInfo, EngineFiles } from "../engine.ts";
import { engineErrorOf, invalid, show } from "../errors.ts";
import { filesOf, isTime, statFile } from "./files.ts";
import type { Plane } from "./plane.ts";
import { rfc3339 } from "./sandboxes.ts";

type FileEntry = components["schemas"]["FileEntry"];

/** By code point: comparing UTF-16 units would put U+FF5E behind an emoji. */
function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const [surrogateX, surrogateY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    return surrogateX === surrogateY ? x - y : surrogateX ? 1 : -1;
  }
  return a.length - b.length;
}

const inOrder = (a: EngineFileInfo, b: EngineFileInfo): number =>
  a.type === b.type ? compareNames(a.name, b.name) : a.type === "directory" ? -1 : 1;

/** A directory on its way to be walked: the answer's own list for the first one. */
interface Visit {
  readonly path: string;
  readonly entry: { entries?: FileEntry[]; truncated?: boolean };
}

async function listOrNothing(files: EngineFiles, path: string): Promise<EngineFileInfo[]> {
  try {
    return await files.list(path);
  } catch (error) {
    const code = engineErrorOf(error)?.code;
    // It was removed or replaced since its parent was read.
    if (code === "not_found" || code === "not_a_directory") return [];
    throw error;
  }
}

const entryOf = ({ name, type, size_bytes, modified_at }: EngineFileInfo): FileEntry => ({
  name,
  type,
  size_bytes: type === "directory" ? 0 : size_bytes,
  ...(isTime(modified_at) && { modified_at: rfc3339(modified_at) }),
});

/** Walks from `path`; what the budget leaves out is marked on the directory that it is in, and on the answer. */
async function walk(files: EngineFiles, path: string, budget: number) {
  const top: Visit["entry"] = {};
  const queue: Visit[] = [{ path, entry: top }];
  let left = budget;
  let truncated = false;
  for (let visit = queue[0], next = 1; visit !== undefined; visit = queue[next], next += 1) {
    if (left === 0) {
      visit.entry.truncated = true;
      truncated = true;
      continue;
    }
    const found = (await listOrNothing(files, visit.path)).sort(inOrder);
    if (found.length > left) {
      visit.entry.truncated = true;
      truncated = true;
    }
    const prefix = visit.path === "/" ? "/" : `${visit.path}/`;
    visit.entry.entries = found.slice(0, left).map((info) => {
      const entry = entryOf(info);
      if (info.type === "directory") queue.push({ path: prefix + info.name, entry });
      return entry;
    });
    left -= visit.entry.entries.length;
  }
  return { entries: top.entries ?? [], truncated };
}

/** Entries whose name contains `part` (in lower case), and the directories that lead to them. */
function matching(entries: readonly FileEntry[], part: string): FileEntry[] {
  return entries.flatMap((entry) => {
    const inside = entry.entries && matching(entry.entries, part);
    const named = entry.name.toLowerCase().includes(part);
    if (!named && !inside?.length) return [];
    return [inside ? { ...entry, entries: inside } : entry];
  });
}

export async function listFiles(
  plane: Plane,
  volume_id: string,
  query: { path?: string | undefined; search?: string | undefined },
): Promise<components["schemas"]["FileListing"]> {
  const path = normalizeVolumePath(query.path ?? "/") ?? "/";
  const files = await filesOf(plane, volume_id);
  const info = await statFile(files, path, "path");
  if (info.type !== "directory") throw invalid("path", `path: must be a directory (got ${show(path)})`);
  const { entries, truncated } = await walk(files, path, plane.limits.walkEntries);
  return { path, entries: query.search ? matching(entries, query.search.toLowerCase()) : entries, truncated };
}
