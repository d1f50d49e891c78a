/**
 * What stands in the place of a warm container's main process until the container is handed out: a shell that waits for
 * one command line and then becomes it. So the main process begins at the hand-out and not before, whatever it is.
 *
 * The shell is the helper image's busybox, put into the container as a file and taken out again as soon as it runs: the
 * image needs nothing, and the sandbox finds nothing of it but the arguments of PID 1.
 */
import { EngineError } from "@porter-sandbox/api";

/** Where the file is until the gate runs; also how a gate that waits is told from a main process that runs. */
export const gatePath = "/.porter-sandbox-gate";

/**
 * Reads a number of lines and that many lines, which set the arguments; looks the program up as `execvp` does, since a
 * busybox may prefer its own to the image's; takes back what a shell adds to the environment.
 */
const script = `set -f
IFS= read -r porter_n || exit 125
porter_t=
while [ "$porter_n" -gt 0 ]; do
IFS= read -r porter_l || exit 125
porter_t="$porter_t$porter_l
"
porter_n=$((porter_n - 1))
done
eval "set -- $porter_t"
porter_p=$1
case $1 in */*) ;; *)
porter_p=
IFS=:
for porter_d in $PATH; do
porter_d=\${porter_d:-.}
if [ -f "$porter_d/$1" ] && [ -x "$porter_d/$1" ]; then porter_p=$porter_d/$1; break; fi
done
unset IFS
esac
if [ -z "$porter_p" ]; then echo "$1: not found" >&2; exit 127; fi
porter_a=$1
shift
unset PWD OLDPWD SHLVL
exec -a "$porter_a" -- "$porter_p" "$@"`;

export const gateCommand: readonly string[] = [gatePath, "sh", "-c", script, "gate"];

/** More is read too slowly, a byte at a time, for what this is about. */
const longestOpening = 16 * 1024;

/** What opens the gate for this command line; undefined when it is too long for it. */
export function openingOf(argv: readonly string[]): string | undefined {
  const text = `${argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`;
  const opening = `${text.split("\n").length - 1}\n${text}`;
  return Buffer.byteLength(opening) <= longestOpening ? opening : undefined;
}

/** What Docker would run: `command` takes the place of entry point and default arguments, `args` that of the arguments. */
export function argvOf(
  plan: { readonly command?: readonly string[] | undefined; readonly args?: readonly string[] | undefined },
  image: { readonly Entrypoint?: readonly string[] | null; readonly Cmd?: readonly string[] | null },
): string[] {
  const { command = [], args = [] } = plan;
  if (command.length > 0) return [...command, ...args];
  return [...(image.Entrypoint ?? []), ...(args.length > 0 ? args : (image.Cmd ?? []))];
}

/** Names that a shell changes, or drops since they are none for it: what is in an environment would not arrive. */
export function lostByShell(env: readonly string[]): string | undefined {
  const own = new Set(["IFS", "LINENO", "OLDPWD", "OPTIND", "PPID", "PS1", "PS2", "PS4", "PWD", "SHLVL", "_"]);
  return env
    .map((entry) => entry.split("=", 1)[0] ?? "")
    .find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || own.has(name) || name.startsWith("porter_"));
}

const block = 512;

/** An archive with the gate in it, from one with a busybox in it. Throws when that one would not run everywhere. */
export function gateArchive(archive: Uint8Array): Uint8Array {
  const busybox = Buffer.from(firstFileOf(Buffer.from(archive)));
  if (busybox.subarray(0, 4).toString("latin1") !== "\x7fELF") {
    throw new EngineError("engine_error", "the helper image's /bin/busybox is no program");
  }
  if (busybox.subarray(0, 4096).includes("/ld-")) {
    throw new EngineError(
      "engine_error",
      "the helper image's busybox needs shared libraries, so it runs in no other image",
    );
  }
  const header = Buffer.alloc(block);
  const put = (text: string, at: number) => header.write(text, at, "latin1");
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  put(gatePath.slice(1), 0);
  put(octal(0o755, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(busybox.length, 11), 124);
  put(octal(0, 11), 136);
  put(" ".repeat(8), 148);
  put("0", 156);
  put("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([
    header,
    busybox,
    Buffer.alloc((block - (busybox.length % block)) % block),
    Buffer.alloc(2 * block),
  ]);
}

/** The content of the first plain file; what stands before it only says more of it. */
function firstFileOf(archive: Buffer): Uint8Array {
  for (let at = 0; at + block <= archive.length; ) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 136), 8) || 0;
    const type = archive.toString("latin1", at + 156, at + 157);
    if (type === "0" || type === "\0") return archive.subarray(at + block, at + block + size);
    at += block + Math.ceil(size / block) * block;
  }
  throw new EngineError("engine_error", "the helper image has no /bin/busybox that is a file");
}
