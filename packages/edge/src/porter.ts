import { type PorterOptions as CoreOptions, Porter as CorePorter, type Platform } from "@porter-sandbox/core";
import { bindingsEnvironment, isBrowser, runtimeEnvironment } from "./environment.ts";

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
    super(rest, {
      env: () => (env === undefined ? runtimeEnvironment() : bindingsEnvironment(env)),
      // Browsers send streams over HTTP/2 at best, and some never.
      bufferUploads: isBrowser(),
      ...platform,
    });
  }
}
