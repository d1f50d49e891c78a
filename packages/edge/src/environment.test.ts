import { expect, test } from "vitest";
import { bindingsEnvironment, runtimeEnvironment, type Surroundings } from "./environment.ts";

function denoWith(granted: readonly string[], values: Record<string, string>) {
  const asked: string[] = [];
  const surroundings: Surroundings = {
    Deno: {
      permissions: {
        querySync: ({ variable }) => ({ state: granted.includes(variable) ? "granted" : "prompt" }),
      },
      env: {
        get(name) {
          asked.push(name);
          if (!granted.includes(name)) throw new Error("NotCapable");
          return values[name];
        },
      },
    },
    process: {
      get env(): never {
        throw new Error("process.env asks for a permission too");
      },
    },
  };
  return { surroundings, asked };
}

test("Deno is asked only for what was granted, and the rest reads as absent", () => {
  const { surroundings, asked } = denoWith(["A"], { A: "1", B: "2" });
  const env = runtimeEnvironment(surroundings);
  expect([env.A, env.B]).toEqual(["1", undefined]);
  expect(asked).toEqual(["A"]);
});

test("nothing is read before it is asked for", () => {
  const { surroundings, asked } = denoWith(["A"], { A: "1" });
  runtimeEnvironment(surroundings);
  expect(asked).toEqual([]);
});

test("a Deno without permissions to query still never throws", () => {
  const env = runtimeEnvironment({
    Deno: {
      env: {
        get() {
          throw new Error("NotCapable");
        },
      },
    },
  });
  expect(env.A).toBeUndefined();
});

test("Bun, Node and Workers with Node's compatibility have process.env", () => {
  expect(runtimeEnvironment({ process: { env: { A: "1" } } }).A).toBe("1");
});

test("browsers and plain Workers have no environment", () => {
  expect(runtimeEnvironment({}).A).toBeUndefined();
  expect(runtimeEnvironment({ process: {} }).A).toBeUndefined();
});

test("only strings among a Worker's bindings are values", () => {
  const env = bindingsEnvironment({ A: "1", KV: { get: () => "x" }, N: 3 });
  expect([env.A, env.KV, env.N, env.missing]).toEqual(["1", undefined, undefined, undefined]);
});
