import { type PorterOptions as CoreOptions, Porter as CorePorter, type Platform } from "@porter-sandbox/core";
import { bindingsEnvironment, runtimeEnvironment } from "./environment.ts";
import { type Mend, mendFor } from "./transport.ts";

/** The options of `new Porter()`. All of them may be left out. */
export interface PorterOptions extends CoreOptions {
  /**
   * Where to read the configuration's variables instead of the runtime's environment: a Worker's bindings, or any object
   * of strings. Only the names that the configuration needs are read, and only strings count.
   */
  env?: object | undefined;
}

/**
 * The client, configured by its options and by what its runtime has for an environment.
 *
 * @example
 * ```ts
 * const porter = new Porter();          // Deno, Bun, Node: the environment
 * const porter = new Porter({ env });   // Workers: the handler's bindings
 * ```
 */
export class Porter extends CorePorter {
  /**
   * @param platform is for adapters that know more of their runtime
   * @throws {ConfigurationError} when nothing says where the API is, or an option is not what it must be
   */
  constructor(options: PorterOptions = {}, platform?: Platform) {
    const { env, ...rest } = options;
    const mend = mendFor();
    super(mend && rest.fetch ? { ...rest, fetch: mendGiven(mend, rest.fetch) } : rest, {
      fetch: mend?.((url, init) => globalThis.fetch(url, init)),
      env: () => (env === undefined ? runtimeEnvironment() : bindingsEnvironment(env)),
      ...platform,
    });
  }
}

/** Mends a caller's own `fetch`, in whichever form it came; what is none is left to the checks of the options. */
function mendGiven(mend: Mend, given: NonNullable<CoreOptions["fetch"]>): CoreOptions["fetch"] {
  if (typeof given === "function") return mend((url, init) => given(url, init));
  return typeof given.fetch === "function" ? mend((url, init) => given.fetch(url, init)) : given;
}
