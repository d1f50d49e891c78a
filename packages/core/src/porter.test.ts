import { describe, expect, it } from "vitest";
import { never, rejection, setUp } from "../test/scripted-client.ts";
import { StepClock, turn } from "../test/step-clock.ts";
import { Porter } from "./index.ts";

describe("close", () => {
  it("aborts what is under way and refuses what comes", async () => {
    const { porter, sent, clock } = setUp([never]);
    const call = rejection(porter.healthz());
    await turn();
    porter.close();
    expect(await call).toMatchObject({ name: "SandboxError", code: "client_closed" });
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(await rejection(porter.volumes.list())).toMatchObject({ code: "client_closed", admitted: false });
    expect(clock.pending).toBe(0);
    porter.close();
  });

  it("happens at the end of a using block", async () => {
    let kept: Porter;
    {
      using porter = setUp([never]).porter;
      kept = porter;
    }
    expect(await rejection(kept.healthz())).toMatchObject({ code: "client_closed" });
  });
});

it("keeps keys and connections out of what is printed", () => {
  const porter = new Porter({ baseUrl: "http://h", apiKey: "sk-secret", clock: new StepClock() });
  const shown = JSON.stringify([porter, porter.sandboxes.fromId("a"), porter.volumes]);
  expect(shown).not.toContain("sk-secret");
  expect(JSON.parse(JSON.stringify(porter.sandboxes.fromId("a")))).toEqual({
    kind: "sandbox",
    version: 1,
    id: "a",
    name: null,
  });
});
