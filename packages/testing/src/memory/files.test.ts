import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, contentFrom, contentFromStream, joinContent, streamOf, textOf } from "./content.ts";
import { createFileTree, type FileTree, resolvePath } from "./files.ts";

/** A file tree as naive as can be: every path with its text, or null for a directory. */
function createModel() {
  const paths = new Map<string, string | null>([["/", null]]);
  const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
  const below = (path: string) => [...paths.keys()].filter((each) => each.startsWith(`${path}/`));
  const check = (ok: boolean) => {
    if (!ok) throw new Error("refused");
  };
  const makeParents = (path: string) => {
    if (path === "/") return;
    const parent = parentOf(path);
    makeParents(parent);
    check(paths.get(parent) === null || !paths.has(parent));
    paths.set(parent, null);
  };
  const transfer = (from: string, to: string, keep: boolean) => {
    check(paths.has(from) && from !== "/" && !paths.has(to) && paths.get(parentOf(to)) === null);
    check(!to.startsWith(`${from}/`));
    for (const path of [from, ...below(from)]) {
      paths.set(to + path.slice(from.length), paths.get(path) ?? null);
      if (!keep) paths.delete(path);
    }
  };
  return {
    paths,
    write(path: string, text: string) {
      check(paths.get(path) !== null);
      makeParents(path);
      paths.set(path, text);
    },
    mkdir(path: string) {
      check(!paths.has(path) && paths.get(parentOf(path)) === null);
      paths.set(path, null);
    },
    remove(path: string) {
      check(paths.has(path) && path !== "/");
      for (const each of [path, ...below(path)]) paths.delete(each);
    },
    move: (from: string, to: string) => transfer(from, to, false),
    copy: (from: string, to: string) => transfer(from, to, true),
  };
}

function contentsOf(tree: FileTree, path = "/"): [string, string | null][] {
  return [
    [path, null],
    ...tree.list(path).flatMap(({ name, type }): [string, string | null][] => {
      const inner = path === "/" ? `/${name}` : `${path}/${name}`;
      return type === "directory" ? contentsOf(tree, inner) : [[inner, textOf(tree.read(inner))]];
    }),
  ];
}

const path = fc
  .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
  .map((names) => `/${names.join("/")}`);
const step = fc.oneof(
  fc.record({ do: fc.constant("write" as const), path, text: fc.string({ maxLength: 5 }) }),
  fc.record({ do: fc.constant("mkdir" as const), path }),
  fc.record({ do: fc.constant("remove" as const), path }),
  fc.record({ do: fc.constant("move" as const), path, to: path }),
  fc.record({ do: fc.constant("copy" as const), path, to: path }),
);

function outcome(operation: () => void): "done" | "refused" {
  try {
    operation();
    return "done";
  } catch {
    return "refused";
  }
}

describe("a file tree", () => {
  it("does what a naive model does, and refuses what it refuses", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const tree = createFileTree(() => 0);
        const model = createModel();
        for (const each of steps) {
          const real = outcome(() => {
            if (each.do === "write") tree.write(each.path, contentFrom(each.text), { parents: true });
            else if (each.do === "mkdir") tree.mkdir(each.path);
            else if (each.do === "remove") tree.remove(each.path, { recursive: true });
            else tree[each.do](each.path, each.to);
          });
          const modelled = outcome(() => {
            if (each.do === "write") model.write(each.path, each.text);
            else if (each.do === "mkdir" || each.do === "remove") model[each.do](each.path);
            else model[each.do](each.path, each.to);
          });
          expect(real).toBe(modelled);
          expect(new Map(contentsOf(tree))).toEqual(model.paths);
        }
        const bytes = [...model.paths.values()].reduce(
          (sum, text) => sum + new TextEncoder().encode(text ?? "").length,
          0,
        );
        expect(tree.size()).toBe(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("gives clones a life of their own", () => {
    const tree = createFileTree(() => 0);
    tree.write("/dir/file", contentFrom("before"), { parents: true });
    const clone = tree.clone();
    tree.write("/dir/file", contentFrom("after"));
    clone.write("/dir/other", contentFrom("mine"));
    expect(textOf(clone.read("/dir/file"))).toBe("before");
    expect(tree.exists("/dir/other")).toBe(false);
  });

  it("tells the time of the last change, of directories too", () => {
    let now = 1000;
    const tree = createFileTree(() => now);
    tree.mkdir("/d");
    now = 2000;
    tree.write("/d/f", contentFrom("x"));
    now = 3000;
    tree.write("/d/f", contentFrom("xy"));
    expect(tree.stat("/d/f")).toMatchObject({ modified_at: 3000, size: 2, name: "f" });
    expect(tree.stat("/d").modified_at).toBe(2000);
  });

  it.each([
    ["stat", "/none", "not_found"],
    ["stat", "/file/inner", "not_a_directory"],
    ["list", "/file", "not_a_directory"],
    ["read", "/dir", "is_a_directory"],
    ["mkdir", "/dir", "exists"],
    ["mkdir", "/none/dir", "not_found"],
    ["remove", "/", "unsupported"],
    ["remove", "/dir", "unsupported"],
  ] as const)("refuses to %s %s as %s", (method, at, code) => {
    const tree = createFileTree(() => 0);
    tree.write("/dir/file", contentFrom(""), { parents: true });
    tree.write("/file", contentFrom(""));
    expect(() => tree[method](at)).toThrow(expect.objectContaining({ code }));
  });

  it("never leads out of itself", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("..", ".", "", "a", "b")), (names) => {
        const resolved = resolvePath("/base", names.join("/"));
        expect(resolved.startsWith("/")).toBe(true);
        expect(resolved.split("/")).not.toContain("..");
      }),
    );
  });
});

function streamFrom(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

describe("a file's content", () => {
  it("comes back as it was written, whatever the pieces, from any place", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 }),
        fc.nat(),
        fc.nat(),
        async (pieces, a, b) => {
          const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
          const content = await contentFromStream(streamFrom(pieces));
          expect(bytesOf(content)).toEqual(whole);
          const start = a % (whole.length + 1);
          const length = b % (whole.length - start + 1);
          const read = await contentFromStream(streamOf(content, start, length));
          expect(bytesOf(read)).toEqual(whole.slice(start, start + length));
          expect(bytesOf(joinContent(read, content)).length).toBe(length + whole.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("packs many small pieces into few blocks", async () => {
    const pieces = Array.from({ length: 10_000 }, () => new Uint8Array(10));
    const content = await contentFromStream(streamFrom(pieces));
    expect(content.size).toBe(100_000);
    expect(content.blocks.length).toBeLessThan(10);
  });

  it("cannot be changed through what a writer or a reader holds", async () => {
    const mine = new TextEncoder().encode("mine");
    const content = contentFrom(mine);
    mine.fill(0);
    for await (const chunk of streamOf(content)) chunk.fill(0);
    expect(textOf(content)).toBe("mine");
  });
});
