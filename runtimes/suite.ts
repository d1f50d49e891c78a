// The same for every runtime: the contract suite's cases for each way to reach a fake, ready to be registered with the
// runtime's own test runner. Everything comes from the packed packages.

import { createFakeSandboxApi, remoteControl } from "@porter-sandbox/testing";
import { type Capability, capabilities, registerContract, type Target } from "@porter-sandbox/testing/contract";
import { bashShell } from "@porter-sandbox/testing/shell";
import ky from "ky";
import { Porter } from "porter-sandbox";
import { fakeOptions, image } from "./fake-options.ts";
import { lacking } from "./skips.ts";

/** The fake that run.ts started for this runtime, in a process of its own. */
export interface Server {
  readonly url: string;
  readonly apiKey: string;
  /** Only cases whose name contains this. */
  readonly only?: string | undefined;
}

/** A case under its full name: the target's, a space, and its own. */
export interface SuiteCase {
  readonly name: string;
  readonly skip: boolean;
  readonly run: () => Promise<unknown>;
}

export function suite(runtime: string, targets: readonly string[], server: Server): SuiteCase[] {
  return targets.flatMap((name) => {
    const without = lacking(runtime, name);
    const target = createTarget(
      name,
      server,
      capabilities.filter((capability) => !without.includes(capability)),
    );
    return registerContract(target, { Porter, only: server.only }).map((entry) => ({
      name: `${name} ${entry.name}`,
      skip: entry.skip !== undefined,
      run: entry.run,
    }));
  });
}

function createTarget(name: string, { url, apiKey }: Server, has: readonly Capability[]): Target {
  const common = { image, apiKey, capabilities: has, envGroup: fakeOptions.envGroup };
  if (name === "in-process") {
    const fake = createFakeSandboxApi({ ...fakeOptions.fake, shell: bashShell(), auth: { keys: [apiKey] } });
    return { ...common, fetch: fake.fetch, control: fake.control };
  }
  const control = remoteControl(url);
  const overHttp: Record<string, Target["fetch"]> = {
    http: (input, init) => fetch(input, init),
    // A user's own ky, with whatever it does by default but for what the client decides itself.
    ky: ky.create({ retry: 0, timeout: false, throwHttpErrors: false }),
  };
  const way = overHttp[name];
  if (way === undefined) throw new Error(`no such target: ${name}`);
  return { ...common, fetch: way, baseUrl: url, control };
}
