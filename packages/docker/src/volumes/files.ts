import { randomUUID } from "node:crypto";
import { EngineError, type EngineErrorCode, type EngineFileInfo, type EngineFiles } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import { PART_PREFIX } from "@porter-sandbox/spec/file-scripts";
import type { DockerClient } from "../client.ts";
import { type ExecStreams, startExec } from "../commands/exec.ts";
import type { EventFeed } from "../events.ts";
import type { HelperAnswer, VolumeHelper, VolumeHelpers } from "./helper.ts";
import { type ListedFile, longestListingBytes, parseListing, readScript, writeScript } from "./script.ts";

/** Up to here a file goes through the helper's session; beyond it, through a process of its own, as a stream. */
const smallWriteBytes = 4 * 1024;
const smallReadBytes = 64 * 1024;

const typeMask = 0o170000;
const directoryType = 0o040000;
const fileType = 0o100000;

interface FilesOptions {
  readonly client: DockerClient;
  readonly events: EventFeed;
  readonly helpers: VolumeHelpers;
  readonly clock: Clock;
  /** How long it may take until a file is open, in milliseconds. */
  readonly silenceMs: number;
}

/** The files of one volume, worked on by its helper. Links, devices, pipes and sockets are not shown and not followed. */
export function volumeFiles({ client, events, helpers, clock, silenceMs }: FilesOptions, volume: string): EngineFiles {
  const use = <T>(work: (helper: VolumeHelper) => Promise<T>) => helpers.use(volume, work);
  const ask = (operation: string, ...args: string[]) => use((helper) => helper.ask(operation, ...args));

  return {
    async stat(path) {
      const [info] = infos(expectOk(await ask("stat", ...split(path)), path));
      if (info === undefined) throw refusal("not_found", path);
      return path === "/" ? { ...info, name: "" } : info;
    },

    async list(path) {
      const answer = expectOk(await ask("list", path === "/" ? "" : whole(path)), path);
      if (answer.data.length > longestListingBytes) {
        throw new EngineError("engine_error", `${path} holds more than can be listed`);
      }
      return infos(answer).filter(({ name }) => path !== "/" || !name.startsWith(PART_PREFIX));
    },

    async read(path, range) {
      if (path === "/") throw refusal("is_a_directory", path);
      const first = await readSmall(path, { start: 0, length: smallReadBytes });
      const part = range(first.file);
      if (part === undefined) return { file: first.file };
      if (first.file.size_bytes <= smallReadBytes) return { file: first.file, bytes: first.part(part) };
      if (part.length <= smallReadBytes) {
        const again = await readSmall(path, part, first.shown);
        if (again.shown === first.shown)
          return { file: again.file, bytes: again.part({ start: 0, length: part.length }) };
      }
      // Only a process of its own has the file open while it is asked for its part.
      return readStreamed(path, range);
    },

    async write(path, content) {
      const [directory, name] = split(path);
      if (name === "") throw refusal("is_a_directory", path);
      const part = `${PART_PREFIX}${randomUUID()}`;
      const reader = content.getReader();
      try {
        const { head, ended } = await readHead(reader, smallWriteBytes);
        await use(async (helper) => {
          if (ended) return void expectOk(await helper.ask("write", directory, name, part, head), path);
          try {
            const size = await fill(helper, part, head, reader);
            expectOk(await helper.ask("commit", directory, name, part, String(size)), path);
          } catch (error) {
            await helper.ask("drop", part).catch(() => {});
            throw error;
          }
        });
      } catch (error) {
        await reader.cancel(error).catch(() => {});
        throw error;
      }
    },

    async move(from, to) {
      if (from === "/" || to === "/") throw refusal("exists", "/");
      expectOk(await ask("move", ...split(from), ...split(to)), from);
    },
  };

  /**
   * Size and time of a file, and bytes from `start`: of a file that fits in `length` when none is expected, or when it still
   * is as it was `seen`. Else there are none.
   */
  async function readSmall(path: string, { start, length }: { start: number; length: number }, seen = "") {
    const [directory, name] = split(path);
    const answer = await ask("read", directory, name, String(start), String(length), seen);
    const [shown = "", ...lines] = expectOk(answer, path).data.toString("latin1").split("\n");
    const bytes = new Uint8Array(Buffer.from(lines.join(""), "base64"));
    const part = (of: { start: number; length: number }) => {
      const found = bytes.subarray(of.start, of.start + of.length);
      if (found.length !== of.length) throw shrunk(path);
      return new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(found);
          controller.close();
        },
      });
    };
    return { file: fileOf(name, shown), shown, part };
  }

  function run(helper: VolumeHelper, script: string, args: string[], stdin: boolean): Promise<ExecStreams> {
    return startExec(client, events, {
      container: helper.container,
      command: ["sh", "-c", script, "files", ...args],
      stdin,
    });
  }

  /** Streams `head` and the rest into a part; answers how many bytes that were. The part is not yet a file. */
  async function fill(
    helper: VolumeHelper,
    part: string,
    head: Uint8Array,
    rest: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<number> {
    const exec = await run(helper, writeScript, [part], true);
    const said = textOf(exec.stderr);
    void exec.stdout.cancel();
    const input = exec.stdin?.getWriter();
    if (input === undefined) throw new EngineError("engine_error", "the helper takes no input");
    let size = 0;
    /** What takes no more has ended, and says why: the disk is full, say. */
    const ended = async (error: unknown) => {
      const { exit_code } = await exec.exit;
      throw exit_code === 0 ? error : failure(await said);
    };
    try {
      for (let chunk: Uint8Array | undefined = head; chunk !== undefined; ) {
        await Promise.race([input.write(chunk).catch(ended), exec.exit.then(() => new Promise(() => {}))]);
        size += chunk.byteLength;
        const next = await rest.read();
        chunk = next.done ? undefined : next.value;
      }
    } catch (error) {
      await input.abort(error).catch(() => {});
      await exec.exit.catch(() => {});
      throw error;
    }
    await input.close();
    const { exit_code } = await exec.exit;
    if (exit_code !== 0) throw failure(await said);
    return size;
  }

  /** The helper is kept until the last byte was read, or the reader lost interest. */
  async function readStreamed(path: string, range: Parameters<EngineFiles["read"]>[1]) {
    const [directory, name] = split(path);
    let release: () => void = () => {};
    let giveUp: () => void = () => {};
    const exec = await new Promise<ExecStreams>((resolve, reject) => {
      use(async (helper) => {
        const started = await run(helper, readScript, [directory, name], true);
        const read = new Promise<void>((done) => {
          release = done;
        });
        giveUp = () => helper.abandon(`did not open a file within ${silenceMs} ms`);
        resolve(started);
        await read;
      }).catch(reject);
    });
    const said = textOf(exec.stderr);
    const reader = exec.stdout.getReader();
    const next = async (): Promise<Uint8Array | undefined> => {
      const { done, value } = await reader.read();
      if (!done) return value;
      const { exit_code } = await exec.exit;
      if (exit_code === 3) throw refusal((await said).trim(), path);
      if (exit_code !== 0) throw failure(await said);
      return undefined;
    };
    /** The first line, after which nothing comes until it is asked for. */
    const line = async (): Promise<string> => {
      let text = "";
      while (!text.endsWith("\n")) {
        const chunk = await next();
        if (chunk === undefined) throw failure(await said);
        text += Buffer.from(chunk).toString("latin1");
      }
      return text.trimEnd();
    };
    const input = exec.stdin?.getWriter();
    const cancelAlarm = clock.schedule(giveUp, silenceMs);
    try {
      const file = fileOf(name, await line().finally(cancelAlarm));
      const part = range(file);
      if (part !== undefined) await input?.write(Buffer.from(`${part.start} ${part.length}\n`));
      await input?.close();
      if (part === undefined) {
        release();
        await reader.cancel();
        return { file };
      }
      let left = part.length;
      const bytes = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            try {
              const chunk = await next();
              left -= chunk?.byteLength ?? 0;
              if (chunk !== undefined) return controller.enqueue(chunk);
              if (left !== 0) throw shrunk(path);
              release();
              controller.close();
            } catch (error) {
              release();
              controller.error(error);
            }
          },
          async cancel(reason) {
            release();
            await reader.cancel(reason);
          },
        },
        { highWaterMark: 0 },
      );
      return { file, bytes };
    } catch (error) {
      release();
      await input?.abort(error).catch(() => {});
      throw error;
    }
  }
}

/**
 * Paths come normalised. One that is not would be taken by the helper's shell for what it means to a shell, so it leads
 * nowhere.
 */
function whole(path: string): string {
  const [first, ...segments] = path.split("/");
  const fine =
    first === "" && segments.length > 0 && segments.every((name) => name !== "" && name !== "." && name !== "..");
  if (path !== "/" && !fine) throw refusal("not_found", path);
  return path;
}

/** A path as the directory that it is in, empty for the root's, and its name, empty for the root itself. */
function split(path: string): [directory: string, name: string] {
  const slash = whole(path).lastIndexOf("/");
  return [path.slice(0, slash), path.slice(slash + 1)];
}

function infos({ data }: HelperAnswer): EngineFileInfo[] {
  return parseListing(data.toString("utf8")).flatMap(({ name, mode, size, modifiedSeconds }: ListedFile) => {
    const kind = mode & typeMask;
    if (kind !== directoryType && kind !== fileType) return [];
    const type = kind === directoryType ? "directory" : "file";
    return [{ name, type, size_bytes: type === "file" ? size : 0, modified_at: modifiedSeconds * 1000 } as const];
  });
}

/** An opened file, of its size and time as the helper shows them. */
function fileOf(name: string, shown: string): EngineFileInfo {
  const [size, modifiedSeconds] = shown.split(" ").map(Number);
  return { name, type: "file", size_bytes: size ?? 0, modified_at: (modifiedSeconds ?? 0) * 1000 };
}

const codes: Readonly<Record<string, EngineErrorCode>> = {
  not_found: "not_found",
  not_a_directory: "not_a_directory",
  is_a_directory: "is_a_directory",
  exists: "exists",
};
const words: Readonly<Record<string, string>> = {
  not_found: "there is nothing at",
  not_a_directory: "something that is no directory is in",
  is_a_directory: "a directory is at",
  exists: "something is already at",
};

function refusal(say: string, path: string): EngineError {
  const code = codes[say];
  if (code === undefined) return failure(say);
  return new EngineError(code, `${words[say] ?? say} ${path}`);
}

const failure = (said: string) =>
  new EngineError(
    "engine_error",
    `the volume's helper failed${said.trim() === "" ? "" : `: ${said.trim().slice(0, 200)}`}`,
  );

const shrunk = (path: string) => new EngineError("engine_error", `${path} became shorter while it was read`);

function expectOk(answer: HelperAnswer, path: string): HelperAnswer {
  if (answer.say !== "ok") throw refusal(answer.say, path);
  return answer;
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text().catch(() => "");
}

/** What comes first of a stream, at least `limit` bytes unless it ended before. */
async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (!done) {
      chunks.push(value);
      size += value.byteLength;
    }
    if (done || size > limit) return { head: new Uint8Array(Buffer.concat(chunks)), ended: done && size <= limit };
  }
}
