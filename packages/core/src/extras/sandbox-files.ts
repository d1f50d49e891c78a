import { checkFilePath, checkMoveRequest, checkVolumePath, normalizeVolumePath } from "@porter-sandbox/spec";
import { decodeBase64 } from "@porter-sandbox/spec/base64";
import { fileCodes as codes } from "@porter-sandbox/spec/file-scripts";
import { newToken } from "../commands/compile.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import type { SandboxFileBackend } from "../resources/sandbox-files.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import { fail, normalPath, refuse } from "./file-errors.ts";
import { type Derived, type List, withDerived } from "./file-listing.ts";
import { entriesFrom, parseRecords, timeOf, typeOf } from "./file-records.ts";
import * as scripts from "./file-scripts.ts";
import { gather } from "./gather.ts";
import { sandboxFilePieces } from "./sandbox-file-reading.ts";
import { writeSandboxFile } from "./sandbox-file-writing.ts";
import { type RunScript, scriptsOf, TimeLimit } from "./script.ts";

/** Bytes of a listing in one answer: some 15,000 entries. */
const LISTING_BYTES = 1024 * 1024;

/** The files of a sandbox, through its `exec`. A server's own way to them would be another backend. */
export function filesOf(client: Client, id: string, run: RunScript = scriptsOf(client, id)): SandboxFileBackend {
  const ask = async (what: string, script: string, path: string, args: string[], options?: CallOptions) => {
    const limit = new TimeLimit(client, what, options);
    const end = await limit.spend((each) => run(script, [path, ...args], each));
    return end.exit_code === 0 ? end : fail(end, path);
  };

  const list: List = async (given, options, { deep = false, search }) => {
    const path = normalPath(checkVolumePath, given);
    if (deep && search !== undefined && typeof search !== "string") throw invalidRequest("search", "must be a string");
    const mark = newToken();
    const look = async (deep: boolean) => {
      const { stdout } = await ask(
        "Listing files",
        scripts.listScript,
        path,
        [mark, deep ? "deep" : "", String(LISTING_BYTES)],
        options,
      );
      // What a server cut is no whole base64; all that is whole of it still counts.
      const bytes = decodeBase64(stdout.slice(0, stdout.length - (stdout.length % 4))) ?? new Uint8Array(0);
      return parseRecords(new TextDecoder().decode(bytes), mark);
    };
    const all = await look(deep);
    // A search is one answer, as large as it gets. A walk can go on in smaller steps, and then hears what went wrong where.
    if (deep && search === undefined && all.end !== 0) {
      const { records, end } = await look(false);
      return { path, entries: entriesFrom(records, false), truncated: end === undefined };
    }
    return {
      path,
      entries: entriesFrom(all.records, deep),
      truncated: all.end === undefined || (deep && all.end !== 0),
    };
  };

  const pieces: SandboxFileBackend["pieces"] = (path, options) => sandboxFilePieces(client, run, path, options);

  return withDerived<Omit<SandboxFileBackend, Derived>>(list, {
    pieces,
    writeFile: (path, content, options) => writeSandboxFile(client, run, path, content, options),
    readFile: async (path, options) => gather(pieces(path, options)),
    async moveFile(from, to, options) {
      refuse(checkMoveRequest({ from, to }));
      const [source, target] = [normalizeVolumePath(from) ?? "", normalizeVolumePath(to) ?? ""];
      const limit = new TimeLimit(client, `Moving ${source}`, options);
      const end = await limit.spend((each) => run(scripts.moveScript, [source, target], each));
      const aboutTarget: readonly number[] = [codes.exists, codes.parentNotFound, codes.notDirectory];
      if (aboutTarget.includes(end.exit_code)) fail(end, target, "to");
      if (end.exit_code !== 0) fail(end, source, "from");
    },
    async stat(given, options) {
      const path = normalPath(checkVolumePath, given);
      const { stdout } = await ask("Asking for a file", scripts.statScript, path, [], options);
      const [mode = "0", size = "0", time = "0"] = stdout.trim().split(" ");
      const type = typeOf(Number.parseInt(mode, 16));
      return {
        path,
        name: path.slice(path.lastIndexOf("/") + 1),
        type,
        size_bytes: type === "directory" ? 0 : Number(size),
        modified_at: timeOf(Number(time)),
        mode: Number.parseInt(mode, 16) & 0o7777,
      };
    },
    async exists(given, options) {
      const path = normalPath(checkVolumePath, given);
      const limit = new TimeLimit(client, "Asking for a file", options);
      const end = await limit.spend((each) => run(scripts.existsScript, [path], each));
      return end.exit_code === codes.notThere ? false : end.exit_code === 0 || fail(end, path);
    },
    async mkdir(given, options) {
      const path = normalPath(checkVolumePath, given);
      await ask("Making a directory", scripts.makeScript, path, [], options);
    },
    async remove(given, options = {}) {
      const path = normalPath(checkFilePath, given);
      const { recursive = false, ...call } = options;
      await ask("Removing a file", scripts.removeScript, path, [recursive ? "recursive" : ""], call);
    },
  });
}
