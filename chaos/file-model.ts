/**
 * What the files of one client in one volume can be, given what it was told. A change whose outcome is unknown may have
 * happened, may yet happen, or may never: every possibility is followed, and each reading rules some of them out. When
 * none is left, something was lost, or came from nowhere.
 */
export type FileChange =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string };

type Files = Readonly<Record<string, string>>;

interface Possibility {
  readonly files: Files;
  /** Changes that may still happen, by number. */
  readonly open: readonly number[];
}

export interface FileModel {
  /** It was done. False when that cannot be. */
  done(change: FileChange): boolean;
  /** It was refused, so it was not possible, and did not happen. Only moves are refused. */
  refused(change: FileChange): boolean;
  unknown(change: FileChange): void;
  /** What a reading showed; undefined for nothing there. False when that cannot be. */
  read(path: string, text: string | undefined): boolean;
  /** The names that a listing showed. */
  listed(paths: readonly string[]): boolean;
  /** Nothing that is unknown can happen any more, as after the end of the process that had been asked. */
  settle(): void;
  /** What a file may hold, for people. */
  describe(path: string): string;
  /** There are too many possibilities to follow; no more changes should be made until it is settled. */
  readonly crowded: boolean;
  readonly paths: () => string[];
}

const crowd = 400;

export function createFileModel(): FileModel {
  let possible: readonly Possibility[] = [{ files: {}, open: [] }];
  const changes: FileChange[] = [];

  const keyOf = ({ files, open }: Possibility) => JSON.stringify([Object.entries(files).sort(), open]);

  function distinct(all: Iterable<Possibility>): Possibility[] {
    return [...new Map([...all].map((one) => [keyOf(one), one])).values()];
  }

  /** With each open change having happened by now, or not. */
  function reachable(): Possibility[] {
    const found = new Map<string, Possibility>();
    const todo = [...possible];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const key = keyOf(next);
      if (found.has(key)) continue;
      found.set(key, next);
      for (const number of next.open) {
        const change = changes[number];
        const files = change === undefined ? undefined : apply(next.files, change);
        // One that comes at a moment when it is impossible is refused, and that was it.
        todo.push({ files: files ?? next.files, open: next.open.filter((other) => other !== number) });
      }
    }
    return [...found.values()];
  }

  /** False, and nothing known any more, when nothing is left. */
  function keep(left: readonly Possibility[], otherwise: () => readonly Possibility[]): boolean {
    const some = left.length > 0;
    possible = some ? distinct(left) : otherwise();
    return some;
  }

  return {
    done(change) {
      const left = reachable().flatMap(({ files, open }) => {
        const changed = apply(files, change);
        return changed === undefined ? [] : [{ files: changed, open }];
      });
      return keep(left, () => possible);
    },
    refused(change) {
      return keep(
        reachable().filter(({ files }) => apply(files, change) === undefined),
        () => possible,
      );
    },
    unknown(change) {
      const number = changes.push(change) - 1;
      possible = possible.map(({ files, open }) => ({ files, open: [...open, number] }));
    },
    read(path, text) {
      return keep(
        reachable().filter(({ files }) => files[path] === text),
        // So that one fault is told once.
        () => possible.map(({ files, open }) => ({ files: withFile(files, path, text), open })),
      );
    },
    listed(paths) {
      const wanted = JSON.stringify([...paths].sort());
      return keep(
        reachable().filter(({ files }) => JSON.stringify(Object.keys(files).sort()) === wanted),
        () => possible,
      );
    },
    settle() {
      possible = distinct(reachable().map(({ files }) => ({ files, open: [] })));
    },
    describe(path) {
      const texts = new Set(reachable().map(({ files }) => files[path] ?? "nothing there"));
      return [...texts].map((text) => text.slice(0, 60)).join(" or ");
    },
    get crowded() {
      return possible.length > crowd || possible.some(({ open }) => open.length > 5);
    },
    paths: () => [...new Set(possible.flatMap(({ files }) => Object.keys(files)))],
  };
}

function withFile(files: Files, path: string, text: string | undefined): Files {
  const { [path]: _, ...others } = files;
  return text === undefined ? others : { ...others, [path]: text };
}

/** Undefined when it would be refused. */
function apply(files: Files, change: FileChange): Files | undefined {
  if (change.kind === "write") return withFile(files, change.path, change.text);
  const text = files[change.from];
  if (text === undefined || files[change.to] !== undefined) return undefined;
  return withFile(withFile(files, change.from, undefined), change.to, text);
}
