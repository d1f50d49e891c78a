import { EngineError } from "@porter-sandbox/api";
import { decodeBase64, encodeBase64 } from "@porter-sandbox/spec/base64";
import { FILE_BLOCK_BYTES, type FileScript, fileCodes, fileScriptOf } from "@porter-sandbox/spec/file-scripts";
import { bytesOf, contentFrom, contentFromStream, emptyContent, streamOf } from "../memory/content.ts";
import type { FileTree, NodeInfo } from "../memory/files.ts";
import type { Command, CommandCall } from "./command.ts";

/**
 * Runs what the client's `sandbox.files` sends, which is a script for any shell, on the file tree itself: so it works
 * without a shell, and the same beside one. Each answers what its script would where there are no links and no permissions;
 * a test runs both and compares.
 */
export function withFileScripts(otherwise: Command): Command {
  return async (call) => {
    const asked = fileScriptOf(call.command);
    const script = asked && Object.hasOwn(scripts, asked.script) ? scripts[asked.script as FileScript] : undefined;
    if (!asked || !script) return otherwise(call);
    try {
      await script(call.files, asked.args, call);
      return 0;
    } catch (error) {
      if (error instanceof Refusal) return error.exit_code;
      // What is left is a mount's: one that is only read, and the place where it is mounted.
      if (error instanceof EngineError)
        return error.message.includes("read-only") ? fileCodes.denied : fileCodes.failed;
      throw error;
    }
  };
}

type Script = (files: FileTree, args: readonly string[], call: CommandCall) => void | Promise<void>;

class Refusal extends Error {
  readonly exit_code: number;
  constructor(reason: keyof typeof fileCodes) {
    super(reason);
    this.exit_code = fileCodes[reason];
  }
}

const refuse = (reason: keyof typeof fileCodes): never => {
  throw new Refusal(reason);
};

const scripts: Readonly<Record<FileScript, Script>> = {
  async read(files, [path = "", skip = "", count = ""], call) {
    if (thereIs(files, path).type !== "file") refuse("notFile");
    const content = files.read(path);
    const start = Math.min(Number(skip) * FILE_BLOCK_BYTES, content.size);
    const part = await contentFromStream(streamOf(content, start, Number(count) * FILE_BLOCK_BYTES));
    call.stdout(`${files.inode(path)} ${content.size}\n${encodeBase64(bytesOf(part))}#`);
  },

  write(files, [path = "", name, first, last, before, then, mode, ...pieces]) {
    const directory = parentOf(path);
    const part = `${directory}/${name}`;
    if (lookUp(files, path)?.type === "directory") refuse("isDirectory");
    if (first) {
      makeDirectory(files, directory);
      files.write(part, emptyContent);
    }
    if (lookUp(files, part)?.size !== Number(before)) refuse("changed");
    for (const piece of pieces) files.append(part, contentFrom(decodeBase64(piece) ?? refuse("failed")));
    if (files.stat(part).size !== Number(then)) {
      files.remove(part);
      refuse("failed");
    }
    if (!last) return;
    const replaced = lookUp(files, path);
    const bits = mode ? Number.parseInt(mode, 8) : replaced?.mode;
    if (bits !== undefined) files.touch(part, { mode: bits });
    if (replaced) files.remove(path);
    files.move(part, path);
  },

  drop(files, [path = "", name]) {
    const part = `${parentOf(path)}/${name}`;
    if (files.exists(part)) files.remove(part);
  },

  list(files, [path = "", mark = "", deep, limit = ""], call) {
    if (thereIs(files, path).type !== "directory") refuse("notDirectory");
    const lines: string[] = [];
    const walk = (directory: string, way: string) => {
      for (const info of files.list(directory)) {
        lines.push(`${mark} ${recordOf(info)} ${way}${info.name}\n`);
        if (deep && info.type === "directory") walk(`${directory}/${info.name}`, `${way}${info.name}/`);
      }
    };
    walk(path, "./");
    lines.push(`${mark} end 0\n`);
    call.stdout(encodeBase64(new TextEncoder().encode(lines.join("")).subarray(0, Number(limit))));
  },

  stat(files, [path = ""], call) {
    call.stdout(`${recordOf(thereIs(files, path))}\n`);
  },

  exists(files, [path = ""]) {
    if (!files.exists(path)) refuse("notThere");
  },

  make(files, [path = ""]) {
    if (lookUp(files, path)?.type === "file") refuse("exists");
    makeDirectory(files, path);
  },

  remove(files, [path = "", recursive]) {
    const { type } = thereIs(files, path);
    if (type === "directory" && !recursive && files.list(path).length > 0) refuse("notEmpty");
    files.remove(path, { recursive: recursive !== "" });
  },

  move(files, [from = "", to = ""]) {
    thereIs(files, from);
    const parent = lookUp(files, parentOf(to)) ?? refuse("parentNotFound");
    if (parent.type !== "directory") refuse("notDirectory");
    if (files.exists(to)) refuse("exists");
    files.move(from, to);
  },
};

const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/"));

function lookUp(files: FileTree, path: string): NodeInfo | undefined {
  return files.exists(path) ? files.stat(path) : undefined;
}

const thereIs = (files: FileTree, path: string): NodeInfo => lookUp(files, path) ?? refuse("notFound");

function makeDirectory(files: FileTree, path: string): void {
  try {
    files.mkdir(path, { parents: true });
  } catch (error) {
    if (error instanceof EngineError && error.code === "not_a_directory") refuse("throughFile");
    throw error;
  }
}

/** Kind and permissions in hexadecimal, size, and seconds, as `stat` has them. */
function recordOf({ type, mode, size, modified_at }: NodeInfo): string {
  const bits = mode | (type === "directory" ? 0o040000 : 0o100000);
  return `${bits.toString(16)} ${size} ${Math.floor(modified_at / 1000)}`;
}
