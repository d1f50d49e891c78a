/** The files of a volume. Paths come in checked and are normalised here, so that an engine never sees another kind. */
import { formatContentRange, normalizeVolumePath, parseRange } from "@porter-sandbox/spec";
import type { EngineFileInfo, EngineFiles } from "../engine.ts";
import {
  ApiError,
  brokenOff,
  conflict,
  engineErrorOf,
  invalid,
  notFound,
  show,
  tooLarge,
  unknownId,
  unsupported,
} from "../errors.ts";
import { readIncoming } from "../incoming.ts";
import type { Plane } from "./plane.ts";
import { volumeOf } from "./volumes.ts";

const normal = (path: string): string => normalizeVolumePath(path) ?? "/";
/** Whether an answer can name this time: a sandbox can give its files any. */
export const isTime = (ms: number): boolean => ms >= Date.UTC(0) && ms < Date.UTC(10_000, 0);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** Waits for a volume that is still in the making. */
export async function filesOf(plane: Plane, volume_id: string): Promise<EngineFiles> {
  const { type } = await volumeOf(plane, volume_id);
  if (type === "object") throw unsupported("id", `volume ${volume_id} is of type object and has no file operations`);
  await plane.settling.get(volume_id);
  const { phase } = await volumeOf(plane, volume_id);
  if (phase !== "ready") throw unsupported("id", `volume ${volume_id} could not be made or is lost, and has no files`);
  return knowing(plane, volume_id, plane.engine.files(volume_id));
}

/** The files of a volume that may go away: what fails then is the volume's absence, and no path's. */
function knowing(plane: Plane, volume_id: string, files: EngineFiles): EngineFiles {
  const refuse = async (error: unknown): Promise<never> => {
    await volumeOf(plane, volume_id);
    if (isNotFound(error) && (await files.stat("/").catch(isNotFound)) === true) throw unknownId("volume", volume_id);
    throw error;
  };
  return {
    stat: (path) => files.stat(path).catch(refuse),
    list: (path) => files.list(path).catch(refuse),
    read: (path, range) => files.read(path, range).catch(refuse),
    write: (path, content) => files.write(path, content).catch(refuse),
    move: (from, to) => files.move(from, to).catch(refuse),
  };
}

const isNotFound = (error: unknown): boolean => engineErrorOf(error)?.code === "not_found";

/** Whether there is nothing of a path: also where a part of it is a file. */
function leadsNowhere(error: unknown): boolean {
  const code = engineErrorOf(error)?.code;
  return code === "not_found" || code === "not_a_directory";
}

/** A 404 where a path leads nowhere. */
async function found<T>(looked: Promise<T>, path: string, field: string): Promise<T> {
  try {
    return await looked;
  } catch (error) {
    if (!leadsNowhere(error)) throw error;
    throw notFound(`${field}: there is nothing of that path (got ${show(path)})`, field);
  }
}

/** What is at a path. */
export const statFile = (files: EngineFiles, path: string, field: string): Promise<EngineFileInfo> =>
  found(files.stat(path), path, field);

/** The whole file, or the part that a `Range` header asks for. `bodyless` answers the headers alone. */
export async function readFile(
  plane: Plane,
  volume_id: string,
  asked: { path: string; range: string | null; bodyless: boolean },
): Promise<Response> {
  const path = normal(asked.path);
  const files = await filesOf(plane, volume_id);
  const opened = files.read(path, ({ size_bytes }) => {
    const part = parseRange(asked.range, size_bytes);
    if (asked.bodyless || size_bytes === 0 || part.kind === "unsatisfiable") return undefined;
    return part.kind === "part" ? part : { start: 0, length: size_bytes };
  });
  const { file, bytes } = await found(opened, path, "path").catch((error: unknown) => {
    if (engineErrorOf(error)?.code !== "is_a_directory") throw error;
    throw invalid("path", `path: must be a file (got ${show(path)})`);
  });
  const { size_bytes: size, modified_at } = file;
  const part = parseRange(asked.range, size);
  if (part.kind === "unsatisfiable") {
    throw new ApiError({
      status: 416,
      code: "range_not_satisfiable",
      message: `Range: must start within the file's ${size} bytes (got ${show(asked.range ?? "")})`,
      field: "Range",
      headers: { "Content-Range": formatContentRange(size) },
    });
  }
  const length = part.kind === "part" ? part.length : size;
  const headers: Record<string, string> = {
    "Content-Type": "application/octet-stream",
    "Content-Length": String(length),
    "Accept-Ranges": "bytes",
    ...(isTime(modified_at) && { "Last-Modified": new Date(modified_at).toUTCString() }),
    // What a sandbox wrote must not become a page or a script in someone's browser.
    "X-Content-Type-Options": "nosniff",
    ...(part.kind === "part" && { "Content-Range": formatContentRange(size, part) }),
  };
  const status = part.kind === "part" ? 206 : 200;
  return new Response(bytes ?? null, { status, headers });
}

/** Passes bytes on as they are asked for, counts them, and remembers why they stopped. */
function counted(source: ReadableStream<Uint8Array>, limit: number, signal: AbortSignal) {
  const incoming = readIncoming(source, signal);
  const state: { failure?: ApiError } = {};
  let total = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const value = await incoming.next();
          if (value === undefined) return controller.close();
          total += value.byteLength;
          if (total > limit) throw tooLarge(limit);
          controller.enqueue(value);
        } catch (error) {
          state.failure = error instanceof ApiError ? error : brokenOff();
          controller.error(state.failure);
        }
      },
      cancel: (reason) => incoming.stop(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, state, end: () => incoming.stop() };
}

const empty = (): ReadableStream<Uint8Array> => new ReadableStream({ start: (controller) => controller.close() });

/** Writes a file as a whole: a body that is too large, or breaks off, changes nothing. */
export async function writeFile(
  plane: Plane,
  volume_id: string,
  written: { path: string; body: ReadableStream<Uint8Array> | null; declared: number | undefined; signal: AbortSignal },
): Promise<void> {
  const path = normal(written.path);
  const limit = plane.limits.fileBytes;
  if (written.declared !== undefined && written.declared > limit) throw tooLarge(limit);
  const files = await filesOf(plane, volume_id);
  const { stream, state, end } = counted(written.body ?? empty(), limit, written.signal);
  try {
    await files.write(path, stream);
  } catch (error) {
    if (state.failure !== undefined) throw state.failure;
    const code = engineErrorOf(error)?.code;
    if (code === "is_a_directory" || code === "exists") {
      throw conflict("destination_exists", `path: must not be a directory (got ${show(path)})`, { field: "path" });
    }
    if (code === "not_a_directory") {
      throw conflict("destination_exists", `path: must not lead through a file (got ${show(path)})`, { field: "path" });
    }
    throw error;
  } finally {
    end();
  }
  // Deleted meanwhile, and the file with it.
  await volumeOf(plane, volume_id);
}

const withoutParent = (to: string): ApiError => notFound(`to: its parent directory must exist (got ${show(to)})`, "to");
const insideFile = (to: string): ApiError => invalid("to", `to: its parent must be a directory (got ${show(to)})`);

/** Moves a file or directory to a full new path. Nothing is overwritten. */
export async function moveFile(plane: Plane, volume_id: string, move: { from: string; to: string }): Promise<void> {
  const [from, to] = [normal(move.from), normal(move.to)];
  const files = await filesOf(plane, volume_id);
  await statFile(files, from, "from");
  const parent = await files.stat(parentOf(to)).catch((error: unknown) => {
    if (!leadsNowhere(error)) throw error;
    throw withoutParent(to);
  });
  if (parent.type !== "directory") throw insideFile(to);
  try {
    await files.move(from, to);
  } catch (error) {
    const code = engineErrorOf(error)?.code;
    if (code === "exists")
      throw conflict("destination_exists", `to: must not exist (got ${show(to)})`, { field: "to" });
    if (!leadsNowhere(error)) throw error;
    // One of the two has changed since it was looked at.
    await statFile(files, from, "from");
    throw code === "not_found" ? withoutParent(to) : insideFile(to);
  }
}
