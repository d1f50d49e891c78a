/**
 * What runs in a volume's helper: a shell that answers one request a line, so that looking at files costs no start of a
 * process in the engine. A request is `operation argument…`, arguments encoded so that they hold no white space; an
 * answer is bytes without NUL, a NUL, a word that says how it went, a line feed.
 *
 * The code in a sandbox may change the volume at any moment, so nothing here trusts a path twice: a directory is
 * entered, and where that led is compared with where it should have (`enter`); a file is opened, and what was opened is
 * compared too (`opened`), and is then asked for its size, time and bytes (`look`), never its path again. Symbolic links are
 * never followed. And whatever went wrong here: the helper sees this one volume and its own read-only image, and has no
 * network.
 */

import { PART_PREFIX } from "@porter-sandbox/spec/file-scripts";

/** Where the volume is mounted. */
export const root = "/volume";
/** A listing that is longer is cut, and so is no listing: some 400,000 files with short names, 60,000 with the longest. */
export const longestListingBytes = 16 * 1024 * 1024;

const common = `
umask 0
set -f
# Where a path leads through something that is no directory, or through nothing.
classify() {
  rest=$1 at=${root}
  while [ -n "$rest" ]; do
    rest=\${rest#/}
    at=$at/\${rest%%/*}
    case $rest in */*) rest=/\${rest#*/} ;; *) rest= ;; esac
    if [ -L "$at" ]; then say=not_found; return; fi
    if [ ! -d "$at" ]; then
      if [ -e "$at" ]; then say=not_a_directory; else say=not_found; fi
      return
    fi
  done
  say=not_found
}
# Stands in the directory $1 of the volume.
enter() {
  if cd -P "${root}$1" 2>/dev/null && [ "$PWD" = "${root}$1" ]; then return 0; fi
  classify "$1"
  return 1
}
# Opens the file $2 of the directory $1 as descriptor 3. Without "command" a file that is gone by then ends the shell.
opened() {
  enter "$1" || return 1
  for try in 1 2 3 4 5 6 7 8 9; do
    if [ -L "./$2" ]; then say=not_found; return 1; fi
    if [ -d "./$2" ]; then say=is_a_directory; return 1; fi
    if [ ! -f "./$2" ]; then say=not_found; return 1; fi
    { command exec 3<"./$2"; } 2>/dev/null || { say=not_found; return 1; }
    real=$(readlink /proc/$$/fd/3; echo .)
    case $real in
      "${root}$1/$2
.") return 0 ;;
      # It was replaced at this moment, and another stands there.
      "${root}$1/$2 (deleted)
.") exec 3<&- ;;
      *) exec 3<&-; say=not_found; return 1 ;;
    esac
  done
  say="the file is replaced all the time"
  return 1
}
# Size and time of the file that is open as descriptor 3.
look() { stat -L -c '%s %Y' /proc/self/fd/3; }
`;

/**
 * Opens a file, tells its size and time in a line, and streams the part of it that a line of standard input then asks for,
 * `start length`; without one, nothing. Arguments: directory, name.
 */
export const readScript = `${common}
opened "$1" "$2" || { echo "$say" >&2; exit 3; }
look || exit 1
read -r start length || exit 0
exec dd bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$start" count="$length" status=none <&3
`;

/** Takes a file in as a part; argument: its name. A part is made anew, or not at all. */
export const writeScript = `${common}
enter "" || exit 3
set -C
exec cat >"./$1"
`;

export const sessionScript = `${common}
show='%f %s %Y %n'
unfold() { value=$(printf '%b.' "$1"); value=\${value%.}; }
# Makes the directories of $1 that are not there.
make() {
  todo=$1 done=
  while [ -n "$todo" ]; do
    todo=\${todo#/}
    name=\${todo%%/*}
    case $todo in */*) todo=/\${todo#*/} ;; *) todo= ;; esac
    enter "$done" || return 1
    mkdir "./$name" 2>/dev/null
    done=$done/$name
  done
  enter "$1"
}
# Puts the part $1 in the place of $2/$3.
place() {
  make "$2" || return 1
  if [ ! -L "./$3" ] && [ -d "./$3" ]; then say=is_a_directory; return 1; fi
  mv -f -T "${root}/$1" "./$3" 2>/dev/null || { say=failed; return 1; }
}
chmod 0777 ${root}
find ${root} -maxdepth 1 -name '${PART_PREFIX}*' -type f -exec rm -f {} +
printf '\\000ready\\n'
while read -r operation a b c d e; do
  say=ok
  unfold "$a"; a=$value
  unfold "$b"; b=$value
  case $operation in
    stat)
      if [ -z "$b" ]; then cd / && stat -c "$show" ${root}
      elif enter "$a"; then
        if [ -L "./$b" ] || [ ! -e "./$b" ]; then say=not_found; else stat -c "$show" "./$b" 2>/dev/null || say=not_found; fi
      fi ;;
    list)
      if enter "$a"; then find . -mindepth 1 -maxdepth 1 -exec stat -c "$show" {} + 2>/dev/null | head -c ${longestListingBytes + 1}; fi ;;
    # The file's size and time, and bytes: of a file that was seen before ($e) if it is the same, of another if all fit in $d.
    read)
      if opened "$a" "$b"; then
        unfold "$e"
        if shown=$(look); then
          printf '%s\\n' "$shown"
          if [ "$value" = "$shown" ] || { [ -z "$value" ] && [ "\${shown% *}" -le "$d" ]; }; then
            dd bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$c" count="$d" status=none <&3 | base64
          fi
        else say=failed; fi
        exec 3<&-
      fi ;;
    write)
      unfold "$c"; part=$value
      enter "" && (set -C; printf '%b' "$d" >"./$part") 2>/dev/null || say=failed
      if [ $say = ok ]; then place "$part" "$a" "$b" || rm -f "${root}/$part"; fi ;;
    commit)
      unfold "$c"; part=$value
      if enter "" && [ ! -L "./$part" ] && [ "$(stat -c %s "./$part" 2>/dev/null)" = "$d" ]; then place "$part" "$a" "$b" || rm -f "${root}/$part"
      else say=failed; rm -f "${root}/$part"; fi ;;
    drop)
      rm -f "${root}/$a" ;;
    move)
      unfold "$c"; c=$value
      unfold "$d"; d=$value
      if enter "$a"; then
        { command exec 4<.; } 2>/dev/null || say=not_found
        from=/proc/self/fd/4/$b
        if [ $say != ok ]; then :
        elif [ -L "./$b" ] || [ ! -e "./$b" ]; then say=not_found
        elif [ -d "./$b" ]; then kind=directory
        elif [ -f "./$b" ]; then kind=file
        else say=not_found; fi
        if [ $say = ok ] && enter "$c"; then
          if [ -L "./$d" ] || [ -e "./$d" ]; then say=exists
          # A link refuses to overwrite, where a rename would not.
          elif [ $kind = file ]; then
            if ln "$from" "./$d" 2>/dev/null; then rm -f "$from"
            elif [ -e "./$d" ]; then say=exists
            else say=failed; fi
          elif mv -n -T "$from" "./$d" 2>/dev/null && [ -d "./$d" ]; then :
          else say=failed; fi
        fi
        exec 4<&-
      fi ;;
    wipe)
      cd / && find ${root} -mindepth 1 -maxdepth 1 -exec rm -rf {} + || say=failed ;;
    *) say=failed ;;
  esac
  printf '\\000%s\\n' "$say"
done
`;

/** Encodes an argument so that it holds no white space, for `printf '%b'` to undo. Nothing is `\\c`, which ends the output. */
export function fold(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  if (bytes.length === 0) return "\\c";
  let out = "";
  for (const byte of bytes) {
    const plain = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    out += plain || byte === 0x2f || byte === 0x2e || byte === 0x2d ? String.fromCharCode(byte) : `\\0${octal(byte)}`;
  }
  return out;
}

const octal = (byte: number) => byte.toString(8).padStart(3, "0");

export interface ListedFile {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly modifiedSeconds: number;
}

/**
 * Reads records of `mode size mtime ./name`. A name may hold anything but a slash, line feeds and what looks like a
 * record included, so the one slash of each record is what tells them apart.
 */
export function parseListing(text: string): ListedFile[] {
  const [head = "", ...pieces] = text.split("/");
  const files: ListedFile[] = [];
  let header = head;
  pieces.forEach((piece, index) => {
    const isLast = index === pieces.length - 1;
    const cut = isLast ? piece.length - 1 : piece.lastIndexOf("\n");
    const [mode = "0", size = "0", modified = "0"] = header.split(" ");
    files.push({
      name: piece.slice(0, cut),
      mode: Number.parseInt(mode, 16),
      size: Number(size),
      modifiedSeconds: Number(modified),
    });
    header = piece.slice(cut + 1);
  });
  return files;
}
