import {
  FILE_BLOCK_BYTES as BLOCK_BYTES,
  fileCodes as codes,
  fileScriptLabel as label,
} from "@porter-sandbox/spec/file-scripts";

/**
 * What `sandbox.files` runs in a sandbox: small scripts for any POSIX `sh` with the tools that coreutils and busybox have.
 * Paths and contents are arguments, never a part of a script's text; how it went is the exit code.
 */

const common = `LC_ALL=C
export LC_ALL
need() {
  while [ $# -gt 0 ]; do command -v "$1" >/dev/null || { printf %s "$1" >&2; exit ${codes.lacksTool}; }; shift; done
}
# Goes on by one name of a path: from $up to $at, with $rest to come.
step() {
  rest=\${rest#/}
  up=\${at:-/}
  at=$at/\${rest%%/*}
  case $rest in */*) rest=/\${rest#*/} ;; *) rest= ;; esac
}
# Why the path $1 cannot be used: walks it. Comes back when there is something of that path.
why() {
  at= rest=$1
  while [ -n "$rest" ]; do
    step
    if [ ! -e "$at" ] && [ ! -L "$at" ]; then
      [ -x "$up" ] || exit ${codes.denied}
      exit ${codes.notFound}
    fi
    if [ -n "$rest" ] && [ ! -d "$at" ]; then
      exit ${codes.notFound}
    fi
  done
}
# Makes the directory $1 and those above it.
make() {
  [ -d "$1" ] || mkdir -p "$1" 2>/dev/null || [ -d "$1" ] || {
    at= rest=$1
    while [ -n "$rest" ]; do
      step
      if [ ! -d "$at" ]; then
        if [ -e "$at" ] || [ -L "$at" ]; then exit ${codes.throughFile}; fi
        [ -w "$up" ] || exit ${codes.denied}
        exit ${codes.failed}
      fi
    done
    exit ${codes.failed}
  }
}
# A refusal of the system: the rights, where those of the directory $1 are missing.
refused() {
  [ -w "$1" ] || exit ${codes.denied}
  exit ${codes.failed}
}
`;

/** Follows the link at $p by hand: a busybox's `readlink -f` refuses one to what is not there. */
const followed = `n=0
while [ -L "$p" ]; do
  n=$((n + 1))
  [ "$n" -le 40 ] || exit ${codes.notFound}
  to=$(readlink "$p" && echo .) || exit ${codes.failed}
  to=\${to%
.}
  case $to in /*) p=$to ;; *) p=\${p%/*}/$to ;; esac
done
`;

/** path, first block, blocks. Answers `inode size`, a line feed, base64 in one line, and `#` for "that was all of it". */
export const readScript = `${label("read")}${common}
p=$1 skip=$2 count=$3
need base64 stat tr
if [ ! -e "$p" ]; then why "$p"; exit ${codes.notFound}; fi
[ -f "$p" ] || exit ${codes.notFile}
[ -r "$p" ] || exit ${codes.denied}
stat -L -c '%i %s' "$p" || exit ${codes.failed}
{
  if command -v dd >/dev/null; then dd if="$p" bs=${BLOCK_BYTES} skip="$skip" count="$count" 2>/dev/null
  else tail -c +$((skip * ${BLOCK_BYTES} + 1)) "$p" | head -c $((count * ${BLOCK_BYTES})); fi || echo unread >&2
} | base64 | tr -d '\\n'
printf '#'
`;

/**
 * path, name of the part, `first` or ``, `last` or ``, bytes there before, bytes there then, permissions in octal or ``,
 * pieces of base64. A step finds what the one before left, or it fails: no step is lost and none counts twice.
 */
export const writeScript = `${label("write")}${common}
p=$1 part=$2 first=$3 last=$4 before=$5 then=$6 mode=$7
shift 7
need base64 stat
# A link is written through, also to what is not there yet.
${followed}dir=\${p%/*}
part=$dir/$part
if [ -d "$p" ]; then exit ${codes.isDirectory}; fi
if [ -n "$first" ]; then
  make "\${dir:-/}"
  { true >"$part"; } 2>/dev/null || refused "\${dir:-/}"
fi
[ -f "$part" ] && [ "$(stat -c %s "$part")" = "$before" ] || exit ${codes.changed}
while [ $# -gt 0 ]; do printf %s "$1" | base64 -d || break; shift; done >>"$part" 2>/dev/null
if [ $# -gt 0 ] || [ "$(stat -c %s "$part")" != "$then" ]; then rm -f "$part"; exit ${codes.failed}; fi
if [ -n "$last" ]; then
  if [ -f "$p" ]; then
    { chmod "$(stat -c %a "$p")" "$part"; chown "$(stat -c %u:%g "$p")" "$part"; } 2>/dev/null
  fi
  if [ -n "$mode" ] && ! chmod "$mode" "$part"; then rm -f "$part"; exit ${codes.failed}; fi
  if ! mv -f "$part" "$p" 2>/dev/null; then
    # What is mounted by itself (/etc/hosts) can be filled and not replaced.
    if [ -f "$p" ] && cat "$part" 2>/dev/null >"$p"; then rm -f "$part"
    else rm -f "$part"; refused "\${dir:-/}"; fi
  fi
fi
exit 0
`;

/** path, name of the part: removes what a write left that will not go on. */
export const dropScript = `${label("drop")}p=$1
${followed}rm -f "\${p%/*}/$2"
`;

/** path, mark, `deep` or ``, bytes at most. Answers base64 in one line, of records that begin with the mark. */
export const listScript = `${label("list")}${common}
p=$1 mark=$2 deep=$3 limit=$4
need find stat head base64 tr
if [ ! -d "$p" ]; then why "$p"; exit ${codes.notDirectory}; fi
[ -r "$p" ] && CDPATH= cd "$p/" 2>/dev/null || exit ${codes.denied}
{
  if [ -n "$deep" ]; then find . -mindepth 1 -exec stat -c "$mark %f %s %Y %n" {} + 2>/dev/null
  else find . -mindepth 1 -maxdepth 1 -exec stat -c "$mark %f %s %Y %n" {} + 2>/dev/null; fi
  printf '%s end %s\\n' "$mark" "$?"
} | head -c "$limit" | base64 | tr -d '\\n'
`;

/** path. Answers `mode size mtime` of what is at the path itself. */
export const statScript = `${label("stat")}${common}
p=$1
need stat
if [ ! -e "$p" ] && [ ! -L "$p" ]; then why "$p"; exit ${codes.notFound}; fi
stat -c '%f %s %Y' "$p" 2>/dev/null || exit ${codes.denied}
`;

/** path. */
export const existsScript = `${label("exists")}if [ -e "$1" ] || [ -L "$1" ]; then exit 0; fi
exit ${codes.notThere}
`;

/** path. */
export const makeScript = `${label("make")}${common}
p=$1
if [ ! -d "$p" ] && { [ -e "$p" ] || [ -L "$p" ]; }; then exit ${codes.exists}; fi
make "$p"
`;

/** path, `recursive` or ``. */
export const removeScript = `${label("remove")}${common}
p=$1 recursive=$2
up=\${p%/*}
if [ ! -e "$p" ] && [ ! -L "$p" ]; then why "$p"; exit ${codes.notFound}; fi
if [ ! -d "$p" ] || [ -L "$p" ]; then rm -f "$p" 2>/dev/null
elif [ -n "$recursive" ]; then rm -rf "$p" 2>/dev/null
elif ! rmdir "$p" 2>/dev/null; then
  [ -z "$(ls -A "$p" 2>/dev/null)" ] || exit ${codes.notEmpty}
fi
if [ -e "$p" ] || [ -L "$p" ]; then refused "\${up:-/}"; fi
exit 0
`;

/** from, to. */
export const moveScript = `${label("move")}${common}
from=$1 to=$2
up=\${to%/*}
if [ ! -e "$from" ] && [ ! -L "$from" ]; then why "$from"; exit ${codes.notFound}; fi
if [ ! -d "\${up:-/}" ]; then
  [ -e "$up" ] && exit ${codes.notDirectory}
  exit ${codes.parentNotFound}
fi
if [ -e "$to" ] || [ -L "$to" ]; then exit ${codes.exists}; fi
# A link refuses to overwrite, where a rename would not.
if [ -f "$from" ] && [ ! -L "$from" ] && ln "$from" "$to" 2>/dev/null; then
  rm -f "$from" 2>/dev/null
  if [ -e "$from" ]; then rm -f "$to"; exit ${codes.denied}; fi
  exit 0
fi
if [ -e "$to" ] || [ -L "$to" ]; then exit ${codes.exists}; fi
mv "$from" "$to" 2>/dev/null || refused "\${up:-/}"
`;
