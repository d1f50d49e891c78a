/**
 * What runs in a sandbox to start jobs and to look after them: plain `sh`, so that jobs work wherever `exec` does. A job is
 * a directory, and every fact about it a file that appears whole:
 *
 * | file               | what it holds                                                               |
 * | ------------------ | --------------------------------------------------------------------------- |
 * | `starter`          | which process starts it                                                     |
 * | `started`          | when                                                                        |
 * | `job`              | which process waits for its end and writes that down                        |
 * | `turn`             | a directory: whoever makes it decides whether the job begins, or never does |
 * | `begun`, `void`    | what was decided                                                            |
 * | `pid`              | the command's own process, which leads a session                            |
 * | `stdout`, `stderr` | what it wrote                                                               |
 * | `kill`             | the signals that were sent, each with a comma                               |
 * | `exit`             | the exit code, and when                                                     |
 *
 * A process is known by its number, when it began and the boot of the machine: a number alone would come to stand for
 * another one.
 */

/** Where the directories are. Nobody but the sandbox's own user gets in. */
export const JOBS_DIRECTORY = "/tmp/.porter-sandbox-jobs";

/** base, … A zombie is none: whoever should wait for it may never do. */
const COMMON = `base=$1; shift
{ IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || boot=-
born() {
  { IFS= read -r s <"/proc/$1/stat"; } 2>/dev/null || return 1
  s=\${s##*) }
  set -- $s
  case $1 in Z | X) return 1 ;; esac
  born=\${20}
}
mark() { born $$ && printf '%s %s %s\\n' $$ "$born" "$boot" >"$1.new" && mv "$1.new" "$1"; }
alive() { { read -r p b k <"$1"; } 2>/dev/null && born "$p" && [ "$b $k" = "$born $boot" ]; }
rest() { sleep 0.02 2>/dev/null || { sleep 1; n=$((n + 49)); }; n=$((n + 1)); }
`;

/** … id, line, script of the job, script of the command, and what must succeed before anything is started. */
const START = `${COMMON}
id=$1 d=$base/$1 PORTER_JOB=$2 job=$3 child=$4; shift 4
answer() { printf 'porter-job %s\\n' "$1"; exit 0; }
[ $# = 0 ] || (exec "$@") || exit
command -v setsid >/dev/null || answer no_setsid
born $$ || answer no_proc
mkdir -p "$base" 2>/dev/null; chmod 700 "$base" 2>/dev/null
if ! mkdir "$d" 2>/dev/null; then
  [ -d "$d" ] && answer known
  answer no_directory
fi
mark "$d/starter"
date +%s >"$d/started"
export PORTER_JOB
# Where setsid forks by itself the shell need not know how.
fork=; setsid -f true >/dev/null 2>&1 && fork=-f
setsid $fork sh -c "$job" sh "$base" "$id" "$child" </dev/null >/dev/null 2>&1 &
n=0
until [ -f "$d/begun" ] || [ -f "$d/void" ] || [ $n -ge 500 ]; do rest; done
[ -f "$d/begun" ] && answer started
mkdir "$d/turn" 2>/dev/null && : >"$d/void"
[ -f "$d/void" ] && answer not_begun
answer unknown
`;

/** … id, script of the command. The command itself comes as a variable, since arguments can be seen by everyone. */
const JOB = `${COMMON}
d=$base/$1 child=$2 line=$PORTER_JOB
unset PORTER_JOB
mark "$d/job" || exit 1
mkdir "$d/turn" 2>/dev/null || exit 1
: >"$d/begun"
eval "set -- $line"
# In a shell of its own, so that what this one has to say of a signal is not part of the output.
(exec setsid sh -c "$child" sh "$base" "$d" "$@" >"$d/stdout" 2>"$d/stderr")
code=$?
printf '%s %s\\n' "$code" "$(date +%s)" >"$d/exit.new" && mv "$d/exit.new" "$d/exit"
`;

/** … directory, command. */
const CHILD = `${COMMON}
mark "$1/pid"
shift
exec "$@"
`;

/**
 * `look ID` finds out the state of a job. The first round of two may come upon one that ends just then, or that is just
 * beginning: what takes the turn away from that decides that it never will.
 */
const LOOK = `${COMMON}
ended() { { read -r code end <"$d/exit"; } 2>/dev/null; }
size() { n=0; [ ! -f "$1" ] || n=$(wc -c <"$1"); n=$((n + 0)); }
look() {
  id=$1 d=$base/$1 state=none code=- end=- sent=- begun=-
  if [ -d "$d" ]; then
    for round in 1 2; do
      state=running
      if ended; then state=exited; break; fi
      alive "$d/job" && break
      alive "$d/pid" && break
      if [ ! -d "$d/turn" ]; then
        alive "$d/starter" && break
        # It is about to say who it is.
        [ -f "$d/starter" ] || [ $round = 2 ] || { sleep 1; continue; }
      fi
      state=lost
      mkdir "$d/turn" 2>/dev/null && { : >"$d/void"; break; }
    done
    { read -r begun <"$d/started"; } 2>/dev/null
    { IFS= read -r sent <"$d/kill"; } 2>/dev/null
  fi
  size "$d/stdout"; out=$n
  size "$d/stderr"; err=$n
}
tell() { printf '%s %s %s %s %s %s %s %s\\n' "$id" "$state" "\${begun:--}" "$code" "$end" "\${sent:--}" "$out" "$err"; }
`;

/** … "all" or "ended", ids; without ids all that there are. */
const STATUS = `${LOOK}
which=$1; shift
[ $# -gt 0 ] || for d in "$base"/*; do [ ! -d "$d" ] || set -- "$@" "\${d##*/}"; done
for each in "$@"; do
  look "$each"
  [ "$which" = ended ] && [ "$state" = running ] || tell
done
`;

/** … id, how many bytes of stdout, of stderr. The first line is the state; what follows, and stderr, are the ends. */
const OUTPUT = `${LOOK}
# It may grow meanwhile.
last() {
  if [ "$2" -eq 0 ] || [ "$3" -eq 0 ]; then return; fi
  if [ "$2" -le "$3" ]; then head -c "$2" "$1"; else tail -c "$3" "$1"; fi
}
look "$1"
tell
last "$d/stdout" "$out" "$2"
last "$d/stderr" "$err" "$3" >&2
exit 0
`;

/**
 * … id, signal. SIGKILL ends what is in the command's session and what descends from it; any other signal is for its
 * process group.
 */
const KILL = `${LOOK}
look "$1"
tell
[ "$state" = running ] || exit 0
n=0
until [ -f "$d/pid" ] || [ $n -ge 250 ]; do rest; done
alive "$d/pid" || exit 0
leader=$p
printf '%s,' "$2" >>"$d/kill"
all=
if [ "$2" = KILL ]; then
  all=" $leader " more=1
  while [ -n "$more" ]; do
    more=
    for f in /proc/[0-9]*/stat; do
      { IFS= read -r s <"$f"; } 2>/dev/null || continue
      q=\${s%% *}
      s=\${s##*) }
      set -- $s
      case $all in *" $q "*) continue ;; esac
      case $all in *" $2 "*) [ "$q" = $$ ] || { all="$all$q " more=1; } ;; *) [ "$4" != "$leader" ] || { all="$all$q " more=1; } ;; esac
    done
  done
  kill -KILL "-$leader" $all 2>/dev/null
else
  kill "-$2" "-$leader" 2>/dev/null
fi || { alive "$d/pid" && echo refused; }
exit 0
`;

const script = (text: string, ...args: string[]) => ["sh", "-c", text, "sh", JOBS_DIRECTORY, ...args];

/**
 * Starts a job; what it prints is `porter-job` and a word.
 * @param argv what the job runs; @param before runs first, and if that fails nothing is started.
 */
export const startScript = (id: string, argv: readonly string[], before: readonly string[]): string[] =>
  script(START, id, quoted(argv), JOB, CHILD, ...before);

/** A line for each of the jobs, or for all that there are; see {@link readState}. */
export const statusScript = (which: "all" | "ended", ids: readonly string[]): string[] => script(STATUS, which, ...ids);

export const outputScript = (id: string, bytes: number): string[] => script(OUTPUT, id, String(bytes), String(bytes));

/** @param signal without `SIG`. */
export const killScript = (id: string, signal: string): string[] => script(KILL, id, signal);

/** Arguments as words for a shell that mean exactly them. */
export function quoted(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

/** What a line about a job says. */
export interface JobLine {
  readonly id: string;
  readonly state: "none" | "running" | "exited" | "lost";
  /** Seconds since 1970, by the sandbox's clock. */
  readonly started: number | undefined;
  readonly finished: number | undefined;
  readonly exit_code: number | undefined;
  /** Signals that were sent, without `SIG`. */
  readonly sent: readonly string[];
  readonly stdout_bytes: number;
  readonly stderr_bytes: number;
}

/** Reads a line; undefined for any other. */
export function readState(line: string): JobLine | undefined {
  const fields = /^(\S+) (none|running|exited|lost) (\d+|-) (\d+|-) (\d+|-) (\S+) (\d+) (\d+)$/.exec(line);
  if (!fields) return undefined;
  const [, id = "", state, started, code, finished, sent = "", out, err] = fields;
  const number = (text: string | undefined) => (text === "-" ? undefined : Number(text));
  return {
    id,
    state: state as JobLine["state"],
    started: number(started),
    finished: number(finished),
    exit_code: number(code),
    sent: sent.split(",").filter((name) => /^[A-Z]/.test(name)),
    stdout_bytes: Number(out),
    stderr_bytes: Number(err),
  };
}
