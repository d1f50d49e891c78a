/**
 * Commands with a working directory, variables, a user or input, written as the plain argument lists that the published
 * API takes. Values are always arguments of their own and never part of a script's text, so there is nothing to quote
 * and nothing that could break out.
 */

import { textRule } from "@porter-sandbox/spec";
import { encodeBase64 } from "@porter-sandbox/spec/base64";
import { invalidValue } from "../errors/invalid-value.ts";
import type { SandboxError } from "../errors/sandbox-error.ts";
import { invalidRequest, UnsupportedError } from "../errors/status-errors.ts";
import { bytesIn } from "../extras/binary.ts";
import type { Bytes } from "../extras/bytes.ts";

/** What to run, and around it what a plain argument list has no place for. */
export interface CommandInput {
  /** Arguments, the program first; or one line for `sh`. */
  readonly command: string | readonly string[];
  /** Where it starts, an absolute path. */
  readonly cwd?: string | undefined;
  /** Added to the sandbox's variables. While the command starts, other processes of the sandbox may see them. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A name or a number. Becoming another user takes a sandbox that runs as root. */
  readonly user?: string | undefined;
  /** Its whole input, {@link LONGEST_INPUT_BYTES} at most. Without it the input is what the server gives, mostly empty. */
  readonly stdin?: string | Uint8Array | undefined;
}

/** An argument list, and how to tell that what was wrapped around the command failed, and not the command. */
export interface CompiledCommand {
  readonly argv: string[];
  /**
   * The reason why the command was never started, seen in how the whole ended; undefined when it was started, or when the
   * sandbox has not even `sh`.
   */
  refusal(end: { readonly exit_code: number; readonly stderr: string }): SandboxError | undefined;
}

/** A kernel takes no argument of 128 KiB or more; this much becomes 128,000 characters. Divisible by three. */
export const ARGUMENT_BYTES = 96_000;
/** What fits into one request beside everything else. */
export const LONGEST_INPUT_BYTES = 5 * ARGUMENT_BYTES;

/** The exit code of what is wrapped around a command when it gives up; also an ordinary one, so there is a word too. */
const REFUSED = 126;

const REFUSE = `refuse() { printf '\\n%s %s\\n' "$t" "$1" >&2; exit ${REFUSED}; }`;

/** token, directory, command. An inherited CDPATH would lead elsewhere and print where. */
const IN_DIRECTORY = `t=$1 d=$2; shift 2
${REFUSE}
CDPATH= cd -- "$d" 2>/dev/null || refuse cwd
exec "$@"`;

/** token, number of pieces, pieces, command. */
const WITH_INPUT = `t=$1; shift
${REFUSE}
command -v base64 >/dev/null || refuse stdin
feed() {
  n=$1; shift
  while [ "$n" -gt 0 ]; do printf %s "$1"; shift; n=$((n - 1)); done | base64 -d
}
feed "$@" 2>/dev/null | { n=$1; shift; shift "$n"; exec "$@"; }`;

/**
 * token, user, command. `su` knows names alone; a number that has none is for `setpriv`, which small images lack or have
 * without that. Neither asks for a password, since only root gets that far.
 */
const AS_USER = `t=$1 u=$2; shift 2
${REFUSE}
me=$(id -u 2>/dev/null) || refuse user_tools
case $u in
  *[!0-9]*)
    id -u "$u" >/dev/null 2>&1 || refuse user
    name=$u number=$(id -u "$u") ;;
  *)
    name= number=$u
    { while IFS=: read -r n p i rest; do [ "$i" != "$u" ] || name=$n; done </etc/passwd; } 2>/dev/null ;;
esac
[ "$me" != "$number" ] || exec "$@"
[ "$me" = 0 ] || refuse user_not_root
if [ -n "$name" ]; then
  command -v su >/dev/null || refuse user_tools
  exec su -s /bin/sh -c 'exec "$@"' -- "$name" sh "$@"
fi
setpriv --reuid "$number" --regid "$number" --clear-groups true 2>/dev/null || refuse user_tools
exec setpriv --reuid "$number" --regid "$number" --clear-groups "$@"`;

/**
 * Compiles a command to plain arguments. Nothing is wrapped around it that was not asked for.
 * @throws {InvalidRequestError} when the input breaks a rule; values of variables are never part of the message
 * @throws {UnsupportedError} when `stdin` is longer than arguments can carry
 */
export function compileCommand(input: CommandInput, token = newToken()): CompiledCommand {
  const { command, cwd, env, user, stdin } = input;
  const variables = assignmentsOf(env);
  const wrapped = cwd !== undefined || user !== undefined || stdin !== undefined || variables.length > 0;
  // A PATH that is given is for what the line calls; its shell is where a shell is.
  const sh = env?.PATH === undefined ? "sh" : "/bin/sh";
  let argv = typeof command === "string" ? [sh, "-c", checkLine(command)] : checkWords(command, wrapped);
  const wrap = (script: string, ...args: string[]) => {
    argv = ["sh", "-c", script, "sh", ...args, ...argv];
  };
  if (variables.length > 0) {
    if (argv[0]?.includes("=")) throw invalidRequest("command", 'the program must have no "=" in its name beside env');
    argv = ["env", ...variables, ...argv];
  }
  if (stdin !== undefined) {
    const pieces = piecesOf(stdin);
    wrap(WITH_INPUT, token, String(pieces.length), ...pieces);
  }
  if (cwd !== undefined) wrap(IN_DIRECTORY, token, checkDirectory(cwd));
  if (user !== undefined) wrap(AS_USER, token, checkUser(user));
  return { argv, refusal: (end) => (end.exit_code === REFUSED ? refusalOf(end.stderr, token, input) : undefined) };
}

function checkLine(line: string): string {
  if (line.trim() === "") throw invalidRequest("command", "must not be empty");
  return checkText("command", line);
}

function checkWords(words: readonly string[], wrapped: boolean): string[] {
  if (!Array.isArray(words) || words.length === 0)
    throw invalidRequest("command", "must be a line for sh, or a list of arguments with the program first");
  words.forEach((word, index) => {
    checkText(`command[${index}]`, word);
  });
  const [program = ""] = words;
  if (program === "") throw invalidRequest("command[0]", "must not be empty");
  // Some shells' exec takes it for options, some do not.
  if (wrapped && program.startsWith("-"))
    throw invalidRequest("command[0]", 'must not begin with "-" beside cwd, env, user or stdin');
  return [...words];
}

function checkText(field: string, value: unknown): string {
  const rule = textRule(value);
  if (rule) throw invalidRequest(field, rule);
  return value as string;
}

function checkDirectory(cwd: unknown): string {
  const path = checkText("cwd", cwd);
  if (!path.startsWith("/")) throw invalidValue("cwd", path, "must be an absolute path");
  return path;
}

function checkUser(user: unknown): string {
  if (typeof user === "string" && user.includes(":"))
    throw unsupported("user", "a group beside the user takes a server that can choose it");
  if (typeof user !== "string" || !/^[A-Za-z0-9_][\w.-]{0,63}$/.test(user))
    throw invalidValue("user", user, "must be a user's name or number: letters, digits, dots, hyphens, underscores");
  return user;
}

/** `NAME=value` for each; a value of undefined is no variable. */
function assignmentsOf(env: CommandInput["env"]): string[] {
  if (env === undefined) return [];
  if (typeof env !== "object" || env === null) throw invalidRequest("env", "must be a record of strings");
  const found: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw invalidRequest(
        "env",
        `${JSON.stringify(name)} must be letters, digits and underscores, and begin with no digit`,
      );
    found.push(`${name}=${checkText(`env.${name}`, value)}`);
  }
  return found;
}

/**
 * Input as bytes: of any view, or of a whole buffer.
 * @throws {InvalidRequestError} naming `field` when it is neither, or no well-formed text
 */
export function bytesOf(input: unknown, field = "stdin"): Bytes {
  if (typeof input === "string") {
    // It would silently become another character in UTF-8.
    if (!input.isWellFormed()) throw invalidRequest(field, "must be well-formed Unicode");
    return new TextEncoder().encode(input);
  }
  const bytes = bytesIn(input);
  if (!bytes) throw invalidRequest(field, "must be a string or bytes");
  return bytes;
}

function piecesOf(stdin: string | Uint8Array): string[] {
  const bytes = bytesOf(stdin);
  if (bytes.length > LONGEST_INPUT_BYTES)
    throw unsupported("stdin", `must be ${LONGEST_INPUT_BYTES} bytes or less on a server without streams of input`);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += ARGUMENT_BYTES)
    pieces.push(encodeBase64(bytes.subarray(at, at + ARGUMENT_BYTES)));
  return pieces;
}

/** What the last line of the errors says. Whatever the command writes there, it does not know the token. */
function refusalOf(stderr: string, token: string, { cwd, user }: CommandInput): SandboxError | undefined {
  const at = stderr.lastIndexOf(`\n${token} `);
  if (at === -1) return undefined;
  switch (stderr.slice(at + token.length + 2).trim()) {
    case "cwd":
      return invalidValue("cwd", cwd, "must be a directory that can be entered");
    case "user":
      return invalidValue("user", user, "must be a user of the sandbox");
    case "user_not_root":
      return unsupported("user", "the sandbox's own user is not root, and cannot become another");
    case "user_tools":
      return unsupported("user", "the image has nothing to become another user with (su, or setpriv for a number)");
    case "stdin":
      return unsupported("stdin", "the image has no base64");
    default:
      return undefined;
  }
}

function unsupported(field: string, rule: string): UnsupportedError {
  return new UnsupportedError(`${field}: ${rule}`, { code: "unsupported", field });
}

/** 64 random bits, so that no output looks like a refusal by accident. */
export function newToken(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("-");
}
