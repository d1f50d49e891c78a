import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { label } from "../src/names.ts";
import { type Bench, bench, bytesOf, forever, missing, newId, plan, readPart } from "./fixture.ts";

const MiB = 1024 * 1024;

describe.skipIf(missing !== undefined)(`volumes and their files ${missing ?? ""}`, () => {
  let b: Bench;
  let volume: string;
  beforeAll(async () => {
    b = bench();
    volume = newId("vol");
    await b.engine.createVolume({ id: volume, type: "disk" });
  });
  afterAll(() => b.close());

  const files = () => b.engine.files(volume);
  const text = async (path: string) => {
    const { bytes } = await files().read(path, ({ size_bytes }) => ({ start: 0, length: size_bytes }));
    return new Response(bytes ?? null).text();
  };
  const names = async (path: string) => (await files().list(path)).map(({ name }) => name).sort();

  it("writes, reads, lists and moves without a sandbox", async () => {
    await files().write("/a/b/hello.txt", bytesOf("hello"));
    expect(await text("/a/b/hello.txt")).toBe("hello");
    const [entry] = await files().list("/a/b");
    expect(entry).toMatchObject({ name: "hello.txt", type: "file", size_bytes: 5 });
    expect(Math.abs((entry?.modified_at ?? 0) - Date.now())).toBeLessThan(10_000);
    expect(await files().list("/a")).toMatchObject([{ name: "b", type: "directory", size_bytes: 0 }]);
    await files().move("/a/b/hello.txt", "/a/moved.txt");
    await files().move("/a", "/c");
    expect([await names("/"), await names("/c"), await names("/c/b")]).toEqual([["c"], ["b", "moved.txt"], []]);
    await files().write("/c/moved.txt", bytesOf("again"));
    expect(await text("/c/moved.txt")).toBe("again");
    await files().write("/c/empty", bytesOf(""));
    expect(await files().stat("/c/empty")).toMatchObject({ name: "empty", size_bytes: 0 });
  });

  it("says that the disk is full, in its own words", async () => {
    const small = newId("vol");
    const Labels = { [label.installation]: b.installation, [label.kind]: "volume", [label.id]: small };
    const DriverOpts = { type: "tmpfs", device: "tmpfs", o: "size=1m" };
    const Name = `porter-sandbox-${b.installation}.volume.${small}`;
    await b.client.call("POST", "/volumes/create", { json: { Name, Labels, DriverOpts } });
    for (const size of [2 * MiB, 64 * MiB]) {
      await expect(b.engine.files(small).write("/large", bytesOf(new Uint8Array(size)))).rejects.toMatchObject({
        code: "engine_error",
        message: expect.stringContaining("No space left"),
      });
    }
    expect(await b.engine.files(small).list("/")).toEqual([]);
    await b.engine.deleteVolume(small);
  });

  it("is refused to a sandbox when somebody removed it, and not made anew", async () => {
    const gone = newId("vol");
    await b.engine.createVolume({ id: gone, type: "disk" });
    await b.engine.deleteVolume(gone);
    await expect(b.engine.startSandbox(plan({ volume_mounts: { "/v": gone } }), forever)).rejects.toMatchObject({
      code: "not_found",
      message: `volume ${gone} does not exist`,
    });
    expect((await b.left()).volumes.filter((name) => name.includes(gone))).toEqual([]);
  });

  it("says how a path is wrong", async () => {
    await files().write("/r/file", bytesOf("x"));
    await files().write("/r/dir/other", bytesOf("x"));
    const refused: [string, () => Promise<unknown>][] = [
      ["not_found", () => files().stat("/r/nothing")],
      ["not_found", () => files().stat("/nothing/at/all")],
      ["not_a_directory", () => files().stat("/r/file/under")],
      ["not_a_directory", () => files().list("/r/file")],
      ["not_found", () => files().list("/r/nothing")],
      ["is_a_directory", () => readPart(files(), "/r/dir", 0, 1)],
      ["is_a_directory", () => readPart(files(), "/r/dir", 0, MiB)],
      ["not_found", () => readPart(files(), "/r/nothing", 0, 1)],
      ["not_found", () => readPart(files(), "/r/nothing", 0, MiB)],
      ["is_a_directory", () => files().write("/r/dir", bytesOf("x"))],
      ["is_a_directory", () => files().write("/r/dir", bytesOf(new Uint8Array(MiB)))],
      ["not_a_directory", () => files().write("/r/file/under", bytesOf("x"))],
      ["not_found", () => files().move("/r/nothing", "/r/new")],
      ["exists", () => files().move("/r/file", "/r/dir")],
      ["exists", () => files().move("/r/dir", "/r/file")],
      ["not_found", () => files().move("/r/file", "/r/nowhere/new")],
      ["not_a_directory", () => files().move("/r/dir", "/r/file/new")],
    ];
    for (const [code, ask] of refused) await expect(ask(), String(ask)).rejects.toMatchObject({ code });
    expect(await names("/r")).toEqual(["dir", "file"]);
    expect(await names("/r/dir")).toEqual(["other"]);
    await expect(b.engine.files("vol-unknown").list("/")).rejects.toMatchObject({ code: "not_found" });
    expect((await b.left()).volumes).toEqual([`porter-sandbox-${b.installation}.volume.${volume}`]);
  });

  it("takes any name that a file system takes", async () => {
    const odd = [
      "with space",
      "line\nfeed",
      "81a4 5 5 .\n81a4 5 5 .",
      "-rf",
      "*",
      "$(touch x)",
      "`id`",
      "\\0101\\c",
      "'\"",
      "tab\there",
      "é🚀",
      "...",
      ".hidden",
      "\u0001\u007f",
      "a".repeat(255),
      "trailing\n",
      "%s%n",
    ];
    for (const name of odd) await files().write(`/odd/${name}`, bytesOf(name));
    expect(await names("/odd")).toEqual([...odd].sort());
    for (const name of odd) {
      expect(await text(`/odd/${name}`)).toBe(name);
      expect(await files().stat(`/odd/${name}`)).toMatchObject({ name, type: "file" });
      await files().move(`/odd/${name}`, `/odd/${name}`.slice(0, 200).concat("-m"));
    }
    await files().write("/odd2/$(id)\n/deep er/file", bytesOf("deep"));
    expect(await text("/odd2/$(id)\n/deep er/file")).toBe("deep");
  });

  it.each([1, 4095, 4096, 4097, 65_536, 65_537, 3 * MiB + 17])(
    "keeps every byte of a file of %i bytes",
    async (size) => {
      const content = Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
      await files().write("/bytes", bytesOf(content));
      expect((await files().stat("/bytes")).size_bytes).toBe(size);
      const whole = new Uint8Array(await new Response(await readPart(files(), "/bytes", 0, size)).arrayBuffer());
      expect(Buffer.compare(whole, content)).toBe(0);
      for (const [start, length] of [
        [0, 1],
        [size - 1, 1],
        [Math.floor(size / 3), Math.floor(size / 2)],
      ] as const) {
        const part = new Uint8Array(await new Response(await readPart(files(), "/bytes", start, length)).arrayBuffer());
        expect(Buffer.compare(part, content.subarray(start, start + length)), `${start}+${length}`).toBe(0);
      }
    },
  );

  it("gives a file that is replaced while it is read whole, the old one or the new one", async () => {
    const kinds = [10, 65_536, 65_537, 300_000].map((size, index) => new Uint8Array(size).fill(65 + index));
    const seen = new Set<number>();
    let over = false;
    await files().write("/replaced", bytesOf(kinds[0] ?? ""));
    const writing = (async () => {
      // In no order, so that no reader keeps step with it.
      for (let draw = 1; !over; draw = (draw * 48_271) % 2_147_483_647)
        await files().write("/replaced", bytesOf(kinds[draw % 4] ?? ""));
    })();
    const reading = async (round: number) => {
      // All of it, or its last bytes.
      const wanted = round % 2 === 0 ? 9 : Number.POSITIVE_INFINITY;
      const { file, bytes } = await files().read("/replaced", ({ size_bytes }) => {
        const length = Math.min(wanted, size_bytes);
        return { start: size_bytes - length, length };
      });
      const got = new Uint8Array(await new Response(bytes ?? null).arrayBuffer());
      const kind = kinds.find(({ length }) => length === file.size_bytes);
      expect(got.length).toBe(Math.min(wanted, file.size_bytes));
      expect(got.every((byte) => byte === kind?.[0])).toBe(true);
      seen.add(file.size_bytes);
    };
    try {
      for (let round = 0; round < 60 || (round < 400 && seen.size < 4); round += 2) {
        await Promise.all([reading(round), reading(round + 1)]);
      }
    } finally {
      over = true;
      await writing;
    }
    // It was replaced while it was read, by larger ones and by smaller ones.
    expect(seen.size).toBeGreaterThan(2);
  });

  it.each([10, MiB])("changes nothing when the content breaks off after %i bytes", async (size) => {
    await files().write("/whole", bytesOf("as it was"));
    let sent = false;
    const broken = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent) return controller.error(new Error("broke off"));
          sent = true;
          controller.enqueue(new Uint8Array(size));
        },
      });
    await expect(files().write("/whole", broken())).rejects.toThrow("broke off");
    sent = false;
    await expect(files().write("/new/one", broken())).rejects.toThrow("broke off");
    expect(await text("/whole")).toBe("as it was");
    await expect(files().stat("/new")).rejects.toMatchObject({ code: "not_found" });
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id, volume_mounts: { "/v": volume } }), forever);
    expect((await b.run(id, "sh", "-c", "ls -A /v | grep part; true")).stdout).toBe("");
    await b.engine.removeSandbox(id);
  });

  it("is shared with a sandbox, whatever user it runs as, and starts empty", async () => {
    const id = newId("sb");
    const own = newId("vol");
    await b.engine.createVolume({ id: own, type: "disk" });
    await b.engine.startSandbox(plan({ id, volume_mounts: { "/root": own } }), forever);
    await b.engine.files(own).write("/d/in.txt", bytesOf("from outside"));
    const script =
      "cat /root/d/in.txt && ls -A /root && echo inside >/root/d/out.txt && echo over >/root/d/in.txt && id -u";
    const ran = await b.run(id, "su", "-s", "/bin/sh", "nobody", "-c", script);
    expect(ran).toEqual({ stdout: "from outsided\n65534\n", stderr: "", exit_code: 0 });
    const out = await readPart(b.engine.files(own), "/d/out.txt", 0, 7);
    expect(await new Response(out).text()).toBe("inside\n");
    expect((await b.engine.files(own).list("/")).map(({ name }) => name)).toEqual(["d"]);
    await b.engine.removeSandbox(id);
    await b.engine.deleteVolume(own);
    await b.engine.deleteVolume(own);
  });

  it("goes when it is deleted, also while an ended sandbox keeps its logs", async () => {
    const [id, own] = [newId("sb"), newId("vol")];
    await b.engine.createVolume({ id: own, type: "disk" });
    const { ended } = await b.engine.startSandbox(
      plan({ id, command: ["sh", "-c", "echo kept; echo secret >/v/file"], volume_mounts: { "/v": own } }),
      forever,
    );
    await ended;
    await b.engine.deleteVolume(own);
    expect((await b.engine.inventory()).volumes).not.toContain(own);
    await b.engine.deleteVolume(own);
    expect((await b.engine.logs(id, { since: 0, limit: 5 })).map(({ line }) => line)).toEqual(["kept"]);
    await b.engine.removeSandbox(id);
    expect((await b.left()).volumes.filter((name) => name.includes(own))).toEqual([]);
  });

  describe("with a hostile sandbox", () => {
    it("follows no link, in or out, and shows none", async () => {
      const id = newId("sb");
      await b.engine.startSandbox(plan({ id, volume_mounts: { "/v": volume } }), forever);
      const script = `mkdir -p /v/h/real && cd /v/h && echo inside >real/file && ln -s / out && ln -s real in &&
        ln -s /etc/passwd passwd && ln -s real/file link && ln -s nowhere dangling && mkfifo pipe && ln -s ../../.. up`;
      expect(await b.run(id, "sh", "-c", script)).toMatchObject({ exit_code: 0 });
      expect(await names("/h")).toEqual(["real"]);
      const refused: (() => Promise<unknown>)[] = [
        () => files().stat("/h/passwd"),
        () => files().stat("/h/out/etc/passwd"),
        () => files().stat("/h/dangling"),
        () => files().list("/h/out"),
        () => files().list("/h/in"),
        () => files().list("/h/up"),
        () => readPart(files(), "/h/passwd", 0, 10),
        () => readPart(files(), "/h/passwd", 0, MiB),
        () => readPart(files(), "/h/out/etc/passwd", 0, 10),
        () => readPart(files(), "/h/link", 0, 3),
        () => readPart(files(), "/h/pipe", 0, 3),
        () => readPart(files(), "/h/pipe", 0, MiB),
        () => files().write("/h/out/tmp/x", bytesOf("x")),
        () => files().write("/h/in/x", bytesOf("x")),
        () => files().write("/h/in/x", bytesOf(new Uint8Array(MiB))),
        () => files().move("/h/out/etc/passwd", "/h/stolen"),
        () => files().move("/h/link", "/h/link2"),
        () => files().move("/h/real/file", "/h/out/tmp/file"),
      ];
      for (const ask of refused) await expect(ask(), String(ask)).rejects.toMatchObject({ code: "not_found" });
      await expect(files().move("/h/real/file", "/h/dangling")).rejects.toMatchObject({ code: "exists" });
      // A write takes the place of a link, and leaves alone what it points at.
      await files().write("/h/link", bytesOf("mine"));
      expect((await b.run(id, "sh", "-c", "cat /v/h/link /v/h/real/file; ls /v/h/real")).stdout).toBe(
        "mineinside\nfile\n",
      );
      await b.engine.removeSandbox(id);
    });

    it("is not led astray by a path that changes all the time", async () => {
      const id = newId("sb");
      await b.engine.startSandbox(plan({ id, volume_mounts: { "/v": volume } }), forever);
      const script = `mkdir -p /v/race/real && cd /v/race && mkdir safe && echo inside >safe/passwd && cp safe/passwd file
        while :; do mv safe dir 2>/dev/null; mv dir safe; ln -s /etc dir; rm dir
          mv file name; mv name file; ln -s /etc/passwd name; rm name; done`;
      const exec = await b.engine.exec(id, { exec_id: newId("ex"), command: ["sh", "-c", script], stdin: false });
      void exec.stdout.cancel();
      void exec.stderr.cancel();
      const seen = new Set<string>();
      // At least so often, and until chance has let it be read once.
      for (let round = 0; round < 150 || (round < 5_000 && !seen.has("inside\n")); round += 1) {
        for (const path of ["/race/dir/passwd", "/race/name"]) {
          const read = async () => new Response(await readPart(files(), path, 0, 7)).text();
          seen.add(await read().catch((error: { code: string }) => error.code));
          await files()
            .stat(path)
            .catch(() => {});
        }
        await files()
          .write("/race/dir/written", bytesOf("x"))
          .catch(() => {});
      }
      // Whatever the moment looked like, it was either the sandbox's own file or a refusal.
      const fine = ["inside\n", "not_found", "not_a_directory", "engine_error"];
      expect([...seen].filter((what) => !fine.includes(what))).toEqual([]);
      expect(seen).toContain("inside\n");
      await exec.kill();
      await b.engine.removeSandbox(id);
    });
  });
});
