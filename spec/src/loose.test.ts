import { expect, expectTypeOf, it } from "vitest";
import type { components } from "../generated/types.ts";
import type { Loose } from "./loose.ts";
import { isEnded, isLive, StatusResponsePhase } from "./phases.ts";

type Spec = Loose<components["schemas"]["SandboxSpec"]>;

it("lets undefined stand for absence at every depth, and keeps what is required", () => {
  const spec: Spec = { image: "a", command: undefined, networking: [{ port: 8080, domains: [{ domain: undefined }] }] };
  expectTypeOf(spec.tags).toEqualTypeOf<{ [key: string]: string } | undefined>();
  const frozen: Spec = { image: "a", command: ["ls"] as readonly string[] };
  expectTypeOf<Loose<components["schemas"]["ExecRequest"]>["command"]>().toEqualTypeOf<readonly string[]>();
  // @ts-expect-error an entry of a map is a text
  const wrong: Spec = { env: { A: undefined } };
  expect([spec, frozen, wrong]).toHaveLength(3);
});

it("tells live phases from ended ones, and knows nothing of new ones", () => {
  const live = Object.values(StatusResponsePhase).filter(isLive);
  const ended = Object.values(StatusResponsePhase).filter(isEnded);
  expect(live).toEqual(["queued", "creating", "running"]);
  expect(ended).toEqual(["succeeded", "failed", "terminated"]);
  expect(isLive("hibernating") || isEnded("hibernating")).toBe(false);
});
