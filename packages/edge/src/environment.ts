import type { Environment } from "@porter-sandbox/core";

/** The part of `Deno` that reading a variable takes. */
interface DenoLike {
  readonly env: { get(name: string): string | undefined };
  readonly permissions?: { querySync?(descriptor: { name: "env"; variable: string }): { readonly state: string } };
}

/** What a runtime may have that holds its environment. */
export interface Surroundings {
  readonly Deno?: DenoLike | undefined;
  readonly Bun?: unknown;
  readonly process?: { readonly env?: Readonly<Record<string, unknown>> | undefined } | undefined;
  readonly navigator?: { readonly userAgent?: string | undefined } | undefined;
}

/**
 * The environment variables of the runtime this runs in, read one by one when they are asked for. In Deno a variable
 * that the program has no permission for reads as absent: nothing is asked for and nothing throws. Where a runtime
 * has no environment (browsers, Workers without `nodejs_compat`) every variable is absent.
 */
export function runtimeEnvironment(surroundings: Surroundings = globalThis as Surroundings): Environment {
  return lazily((name) => {
    const { Deno, process } = surroundings;
    // Deno has a `process.env` too, which would ask the user for permission: whoever has `Deno` reads through it.
    return Deno === undefined ? process?.env?.[name] : readDeno(Deno, name);
  });
}

/**
 * The strings among a Worker's bindings. Other bindings (KV, R2, services) are never touched.
 *
 * @param bindings the `env` that a Worker's handler is given
 */
export function bindingsEnvironment(bindings: object): Environment {
  return lazily((name) => (bindings as Readonly<Record<string, unknown>>)[name]);
}

function lazily(read: (name: string) => unknown): Environment {
  return new Proxy(
    {},
    {
      get(_target, name) {
        const value = typeof name === "string" ? read(name) : undefined;
        return typeof value === "string" ? value : undefined;
      },
    },
  );
}

function readDeno(deno: DenoLike, name: string): string | undefined {
  const state = deno.permissions?.querySync?.({ name: "env", variable: name }).state ?? "granted";
  // "prompt" would stop the program with a question to its user, "denied" would throw.
  if (state !== "granted") return undefined;
  try {
    return deno.env.get(name);
  } catch {
    return undefined;
  }
}
