import { bytesOf, contentFrom, emptyContent, joinContent, textOf } from "../memory/content.ts";
import {
  CommandFailure,
  contentOf,
  eachOf,
  inputsOf,
  onFile,
  parseArguments,
  parseCount,
  pathOf,
} from "./arguments.ts";
import type { Command, CommandCall } from "./command.ts";
import { idle } from "./idling.ts";

/** Commands that read and write bytes and text. */
export const textCommands: Record<string, Command> = { echo, printf, cat, head, tail, wc, tee };

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", a: "\x07", b: "\b", f: "\f", v: "\v" };

/** With `-e` the escapes, of which `\c` ends it all; what is no option is text. */
function echo(call: CommandCall): number {
  const args = call.command.slice(1);
  const end = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  const texts = end === -1 ? [] : args.slice(end);
  const options = args.slice(0, args.length - texts.length).join("");
  const text = `${texts.join(" ")}${options.includes("n") ? "" : "\n"}`;
  call.stdout(/e[^E]*$/.test(options) ? unescaped(text) : text);
  return 0;
}

function unescaped(text: string): string {
  const [said = ""] = /^(?:\\[^c]|[^\\]|\\$)*/s.exec(text) ?? [];
  return said.replace(/\\([0-9x])|\\(.)/gs, (whole, code?: string, letter = "") => {
    if (code !== undefined) throw new CommandFailure(`unsupported escape '${whole}'`);
    return ESCAPES[letter] ?? whole;
  });
}

/** `%s`, `%d`, `%%` and the escapes; the format is used again while arguments are left, as printf does. */
function printf(call: CommandCall): number {
  const [, format, ...args] = call.command;
  if (format === undefined) throw new CommandFailure("missing operand");
  const takes = /%[^%]/.test(format.replaceAll("%%", ""));
  let at = 0;
  do {
    const text = format.replace(/\\(.)|%(.?)/gs, (whole, escaped?: string, directive?: string) => {
      if (escaped !== undefined) return ESCAPES[escaped] ?? whole;
      if (directive === "%") return "%";
      const value = args[at++];
      if (directive === "s") return value ?? "";
      if (directive !== "d") throw new CommandFailure(`unsupported directive '${whole}'`);
      if (!/^[-+]?\d+$/.test(value ?? "0")) throw new CommandFailure(`'${value}': expected a numeric value`);
      return String(BigInt(value ?? "0"));
    });
    call.stdout(text);
  } while (takes && at < args.length);
  return 0;
}

async function cat(call: CommandCall): Promise<number> {
  const { operands } = parseArguments(call.command.slice(1), { flags: "u" });
  return eachOf(call, inputsOf(operands), async (name) => {
    const put = isFile(call, name) ? call.stdout : call.give;
    for await (const block of blocksOf(call, name)) {
      put(block);
      await call.flushed();
    }
  });
}

/** Where bytes without end come from; it is no file here. */
const ZERO = "/dev/zero";

/** Whether the bytes are a file's, which nobody may change; what comes through a pipe or from nowhere is nobody's. */
const isFile = (call: CommandCall, name: string) => name !== "-" && pathOf(call, name) !== ZERO;

/** The bytes of a file, or of the input as they come. */
async function* blocksOf(call: CommandCall, name: string): AsyncGenerator<Uint8Array> {
  if (pathOf(call, name) === ZERO) {
    while (!call.signal.aborted) yield new Uint8Array(ZERO_BYTES);
    return;
  }
  if (name !== "-") {
    yield* onFile(name, () => call.files.read(pathOf(call, name))).blocks;
    return;
  }
  const reader = call.stdin?.getReader();
  if (reader === undefined) return;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.releaseLock();
  }
}

/** As much as a pipe brings at once. */
const ZERO_BYTES = 256 * 1024;

/** The first bytes of one input, without waiting for more of it. */
async function headBytes(call: CommandCall, name: string, count: number): Promise<void> {
  let left = count;
  if (isFile(call, name)) onFile(name, () => call.files.read(pathOf(call, name)));
  if (left === 0) return;
  const put = isFile(call, name) ? call.stdout : call.give;
  for await (const block of blocksOf(call, name)) {
    const part = block.length > left ? block.subarray(0, left) : block;
    put(part);
    left -= part.length;
    if (left === 0) return;
    await call.flushed();
  }
}

async function head(call: CommandCall): Promise<number> {
  const { values, operands } = parseArguments(oldCount(call.command.slice(1)), { values: "nc" });
  const [bytes, lines] = [parseCount(values.get("c"), 0), parseCount(values.get("n"), 10)];
  if (values.has("c") && operands.length <= 1) {
    await headBytes(call, operands[0] ?? "-", bytes);
    return 0;
  }
  return eachPart(call, operands, (content) =>
    content.subarray(0, values.has("c") ? bytes : (linesOf(content).slice(0, lines).at(-1)?.end ?? 0)),
  );
}

async function tail(call: CommandCall): Promise<number> {
  const { flags, values, operands } = parseArguments(oldCount(call.command.slice(1)), { values: "nc", flags: "fF" });
  const [bytes, lines] = [parseCount(values.get("c"), 0), parseCount(values.get("n"), 10)];
  const exit_code = await eachPart(call, operands, (content) => {
    if (values.has("c")) return content.subarray(Math.max(0, content.byteLength - bytes));
    const [first] = lines === 0 ? [] : linesOf(content).slice(-lines);
    return content.subarray(first?.start ?? content.byteLength);
  });
  // `tail -f` is how images stay alive. It ends when it is killed; what is added to the file later is not followed.
  if (flags.size > 0) await idle(call);
  return exit_code;
}

async function wc(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "lwc" });
  const shown = flags.size > 0 ? "lwc".split("").filter((flag) => flags.has(flag)) : ["l", "w", "c"];
  const total: Record<string, number> = { l: 0, w: 0, c: 0 };
  const row = (counts: Record<string, number>, name: string) =>
    call.stdout(`${shown.map((flag) => counts[flag]).join(" ")}${name === "-" ? "" : ` ${name}`}\n`);
  const exit_code = await eachOf(call, inputsOf(operands), async (name) => {
    const content = await contentOf(call, name);
    const text = textOf(content);
    const counts: Record<string, number> = {
      l: text.split("\n").length - 1,
      w: text.split(/\s+/).filter((word) => word !== "").length,
      c: content.size,
    };
    for (const flag of shown) total[flag] = (total[flag] ?? 0) + (counts[flag] ?? 0);
    row(counts, name);
  });
  if (operands.length > 1) row(total, "total");
  return exit_code;
}

async function tee(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "a" });
  let content = emptyContent;
  for await (const block of blocksOf(call, "-")) {
    call.stdout(block);
    content = joinContent(content, contentFrom(block));
  }
  return eachOf(call, operands, (name) => {
    const path = pathOf(call, name);
    onFile(name, () => (flags.has("a") ? call.files.append(path, content) : call.files.write(path, content)));
  });
}

/** Puts out a part of every input, with a title over each when there are several. */
function eachPart(
  call: CommandCall,
  operands: readonly string[],
  part: (bytes: Uint8Array) => Uint8Array,
): Promise<number> {
  let above = "";
  return eachOf(call, inputsOf(operands), async (name) => {
    const content = await contentOf(call, name);
    if (operands.length > 1) call.stdout(`${above}==> ${name} <==\n`);
    above = "\n";
    call.stdout(part(bytesOf(content)));
  });
}

/** `head -3` is `head -n 3`. */
function oldCount(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => (index === 0 && /^-\d+$/.test(arg) ? ["-n", arg.slice(1)] : [arg]));
}

/** Where each line starts and, with its newline, ends. */
function linesOf(bytes: Uint8Array): { start: number; end: number }[] {
  const lines: { start: number; end: number }[] = [];
  for (let start = 0; start < bytes.byteLength; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.byteLength : newline + 1;
    lines.push({ start, end });
    start = end;
  }
  return lines;
}

/** Encodes what a command puts out; a copy, since what was written must not change any more. */
export function outputBytes(data: string | Uint8Array): Uint8Array {
  return bytesOf(contentFrom(data));
}
