/** File operations whose volume or path changes under them. */
import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";
import { EngineError, type EngineErrorCode, type EngineFiles } from "../engine.ts";

async function withVolume() {
  const harness = createHarness();
  const { ask, engine } = harness;
  const { id } = (await ask("POST", "/v1/volume")).body;
  await settle();
  const at = `/v1/volume/${id}/files`;
  for (const path of ["/a", "/dir/b"]) await ask("PUT", `${at}/content?path=${path}`, "x");
  const files = engine.files;
  /** Puts these in place of what the engine does with files. */
  const play = (what: Partial<EngineFiles>): void => {
    engine.files = (volume) => ({ ...files(volume), ...what });
  };
  const every = () => [
    ask("GET", at),
    ask("GET", `${at}/content?path=/a`),
    ask("PUT", `${at}/content?path=/c`, "y"),
    ask("POST", `${at}/move`, { from: "/a", to: "/d" }),
  ];
  return { ...harness, id, at, files, play, every };
}

const rejects = (code: EngineErrorCode) => () => Promise.reject(new EngineError(code, "so it is"));
const gone = rejects("not_found");

describe("a volume", () => {
  test("that the engine lost is unknown, whatever is asked of its files", async () => {
    const { id, play, every, errors } = await withVolume();
    play({ stat: gone, list: gone, read: gone, write: gone, move: gone });
    for (const answer of await Promise.all(every())) {
      expect([answer.status, answer.body]).toEqual([404, { error: `no volume has the id ${id}`, code: "not_found" }]);
    }
    expect(errors).toEqual([]);
  });

  test("that has all but what is asked for is known", async () => {
    const { ask, at } = await withVolume();
    const { status, body } = await ask("GET", `${at}/content?path=/none`);
    expect([status, body.field]).toEqual([404, "path"]);
  });

  test("that is deleted while a file is written has not got the file, and its writer is told", async () => {
    for (const fails of [false, true]) {
      const { ask, id, at, play, files, errors } = await withVolume();
      play({
        async write(path, content) {
          await files(id).write(path, content);
          expect((await ask("DELETE", `/v1/volume/${id}`)).status).toBe(204);
          if (fails) throw new Error("where is it?");
        },
      });
      const { status, body } = await ask("PUT", `${at}/content?path=/c`, "y");
      expect([status, body]).toEqual([404, { error: `no volume has the id ${id}`, code: "not_found" }]);
      expect(errors).toEqual([]);
    }
  });
});

describe("a path", () => {
  test("that became one through a file is not there to be read", async () => {
    const { ask, at, play } = await withVolume();
    play({ read: rejects("not_a_directory") });
    const { status, body } = await ask("GET", `${at}/content?path=/dir/b`);
    expect([status, body.field]).toEqual([404, "path"]);
  });

  test.each([
    ["whose destination lost its parent", "not_found", [], 404, "to"],
    ["whose destination's parent became a file", "not_a_directory", [], 400, "to"],
    ["whose file went away", "not_found", ["/a"], 404, "from"],
    ["whose file's parent became a file", "not_a_directory", ["/a"], 404, "from"],
  ] as const)("of a move %s is the one that is named", async (_, code, lost: readonly string[], status, field) => {
    const { ask, id, at, play, files } = await withVolume();
    let moved = false;
    play({
      move: () => {
        moved = true;
        return rejects(code)();
      },
      stat: (path) => (moved && lost.includes(path) ? rejects(code)() : files(id).stat(path)),
    });
    const answer = await ask("POST", `${at}/move`, { from: "/a", to: "/dir/c" });
    expect([answer.status, answer.body.field]).toEqual([status, field]);
  });
});
