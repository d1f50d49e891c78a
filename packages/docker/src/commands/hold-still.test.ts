import { describe, expect, it } from "vitest";
import { DockerRefusal } from "../errors.ts";
import { release } from "./hold-still.ts";

/** An engine that answers an unpause like this, one after the other, and then that it is done. */
function engineThatSays(...answers: DockerRefusal[]) {
  const asked: string[] = [];
  const call = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    const answer = answers.shift();
    if (answer !== undefined) throw answer;
    return undefined as never;
  };
  return { asked, call };
}
const failure = new DockerRefusal(500, "cannot unpause container: cgroup: unable to write freezer state");

describe("a sandbox that was held still", () => {
  it("moves again, also when it does already, or has ended", async () => {
    for (const answer of [
      new DockerRefusal(404, "No such container: box"),
      new DockerRefusal(409, "Container box is not paused"),
      new DockerRefusal(500, "Container box is not paused"),
    ]) {
      const engine = engineThatSays(answer);
      await release(engine, "box");
      expect(engine.asked).toEqual(["POST /containers/box/unpause"]);
    }
  });

  it("is tried again when the engine failed, and is no success when it goes on to", async () => {
    const once = engineThatSays(failure);
    await release(once, "box");
    expect(once.asked).toHaveLength(2);
    const always = engineThatSays(...Array<DockerRefusal>(9).fill(failure));
    await expect(release(always, "box")).rejects.toBe(failure);
    expect(always.asked).toHaveLength(5);
  });
});
