import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultRule } from "./control.ts";
import { createFaults } from "./faults.ts";
import { createRandom } from "./random.ts";

const delay = { kind: "delay", ms: 1 } as const;

describe("fault rules", () => {
  it("hit the operations and as often as they say, the first that fits before others", () => {
    const faults = createFaults(createRandom(1));
    faults.inject({ operation: "getSandbox", times: 2, fault: delay });
    faults.inject({ fault: { kind: "malformed_json" } });
    expect(faults.forRequest("getSandbox")?.kind).toBe("delay");
    expect(faults.forRequest("listSandboxes")?.kind).toBe("malformed_json");
    expect(faults.forRequest("listSandboxes")).toBeUndefined();
    expect(faults.forRequest("getSandbox")?.kind).toBe("delay");
    expect(faults.forRequest("getSandbox")).toBeUndefined();
    faults.inject({ times: "always", fault: delay });
    for (let i = 0; i < 20; i++) expect(faults.forRequest("healthz")?.kind).toBe("delay");
    faults.clear();
    expect(faults.forRequest("healthz")).toBeUndefined();
  });

  it("keep those of sandboxes for sandboxes", () => {
    const faults = createFaults(createRandom(1));
    faults.inject({ operation: "createSandbox", fault: { kind: "slow_boot", ms: 5 } });
    expect(faults.forRequest("createSandbox")).toBeUndefined();
    expect(faults.forBoot()).toEqual({ kind: "slow_boot", ms: 5 });
    expect(faults.forBoot()).toBeUndefined();
  });

  it("happen by chance as the seed has it", () => {
    const draw = (seed: number) => {
      const faults = createFaults(createRandom(seed));
      faults.inject({ times: "always", probability: 0.3, fault: delay });
      return Array.from({ length: 1000 }, () => faults.forRequest("healthz") !== undefined);
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).filter(Boolean).length).toBeGreaterThan(240);
    expect(draw(7).filter(Boolean).length).toBeLessThan(360);
  });

  it.each([
    [{ fault: { kind: "explode" } }, "fault.kind"],
    [{}, "fault.kind"],
    [{ fault: { kind: "delay" } }, "fault.ms"],
    [{ fault: { kind: "delay", ms: -1 } }, "fault.ms"],
    [{ fault: { kind: "status", status: 600, commit: true } }, "fault.status"],
    [{ fault: { kind: "status", status: 500 } }, "fault.commit"],
    [{ fault: { kind: "status", status: 429, commit: false, retry_after_s: "soon" } }, "fault.retry_after_s"],
    [{ fault: { kind: "cut_body", after_bytes: 0.5 } }, "fault.after_bytes"],
    [{ fault: { kind: "failed_boot", reason: "tired" } }, "fault.reason"],
    [{ operation: "flyToTheMoon", fault: delay }, "operation"],
    [{ operation: "getSandbox", fault: { kind: "slow_boot", ms: 1 } }, "operation"],
    [{ times: 0, fault: delay }, "times"],
    [{ probability: 1.1, fault: delay }, "probability"],
  ])("that make no sense are refused: %j", (rule, field) => {
    const faults = createFaults(createRandom(1));
    expect(() => faults.inject(rule as unknown as FaultRule)).toThrow(`${field}: `);
    expect(faults.forRequest("healthz")).toBeUndefined();
  });

  it("are either taken or refused with words, never a crash", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (fault, times) => {
        try {
          createFaults(createRandom(1)).inject({ fault, times } as unknown as FaultRule);
        } catch (error) {
          expect((error as Error).message).toMatch(/^[a-z_.]+: must be /);
        }
      }),
    );
  });
});
