/** What goes beyond the published exec: options, signals, terminals. Apart from it, so that a client may load it later. */
import { type Check, fields, text, whole } from "./checks.ts";
import { signals } from "./signals.ts";
import { checkEnv } from "./tags.ts";
import { type Violation, violation } from "./violations.ts";

/** How long a command may be given, at most: 7 days. */
export const MAX_EXEC_TIMEOUT_MS = 7 * 24 * 3_600_000;

const USER = /^[a-zA-Z0-9_][\w.-]*(:[a-zA-Z0-9_][\w.-]*)?$/;
const MAX_TTY = 65_535;

const checkFlag: Check = (field, value) =>
  typeof value === "boolean" ? undefined : violation(field, value, "must be true or false");

const checkSize = fields({ rows: whole(1, MAX_TTY), cols: whole(1, MAX_TTY) }, {});

const checkOptions = fields(
  {},
  {
    cwd: text((path) => path.startsWith("/"), "must be an absolute path"),
    env: checkEnv,
    user: text((user) => USER.test(user), "must be a name or a number, or two of them as user:group"),
    timeout_ms: whole(1, MAX_EXEC_TIMEOUT_MS),
    stdin: checkFlag,
    tty: checkSize,
    max_output_bytes: whole(0, Number.MAX_SAFE_INTEGER),
  },
);

const checkSignal = fields(
  {},
  { signal: text((name) => Object.hasOwn(signals, name), `must be one of ${Object.keys(signals).join(", ")}`) },
);

/** The options in the body of an exec. */
export const checkExecOptions = (body: unknown): Violation | undefined => checkOptions("", body);

/** The body of a resize. */
export const checkTtySize = (body: unknown): Violation | undefined => checkSize("", body);

/** The body of a kill. */
export const checkKill = (body: unknown): Violation | undefined => checkSignal("", body);
