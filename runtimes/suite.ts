// The same for every runtime: the contract suite's cases for each way to reach a server, ready to be registered with the
// runtime's own test runner. Everything comes from the packed packages.
import { remoteControl } from "@porter-sandbox/testing";
import { type FetchLike, registerContract, type Target } from "@porter-sandbox/testing/contract";
import ky from "ky";
import { Porter } from "porter-sandbox";
import { createFake, type FakeKind, facts, kinds } from "./fakes.ts";
import { reviewedSkips } from "./skips.ts";

/** The fakes that run.ts started for this runtime, in a process of their own, by kind. */
export type Urls = Readonly<Record<FakeKind, string>>;

/** What run.ts tells a runner. */
export interface Contract {
  readonly runtime: string;
  /** Which ways to reach a server it goes. */
  readonly ways: readonly string[];
  readonly urls: Urls;
  /** Only cases whose name contains this. */
  readonly only?: string | undefined;
}

/** A case under its full name: the way's, a space, and its own. */
interface SuiteCase {
  readonly name: string;
  readonly skip: boolean;
  readonly run: () => Promise<void>;
}

export function suite({ runtime, ways, urls, only }: Contract): SuiteCase[] {
  const reviewed = new Set(reviewedSkips(runtime, ways).map(({ name }) => name));
  return ways.flatMap((way) => {
    const targets = kinds.map((kind): Target => ({ ...facts[kind], ...reach(way, kind, urls[kind]) }));
    const registered = targets.map((target) => registerContract(target, { Porter, only }));
    return (registered[0] ?? []).map(({ name }, index): SuiteCase => {
      const chosen = registered.findIndex((cases) => cases[index]?.skip === undefined);
      return {
        name: `${way} ${name}`,
        skip: chosen === -1 || reviewed.has(`${way} ${name}`),
        async run() {
          // One case at a time: what came before is of no interest, and would only be sent along.
          await targets[chosen]?.control?.clearRequests();
          await registered[chosen]?.[index]?.run();
        },
      };
    });
  });
}

/** The ways over HTTP. */
const transports: Readonly<Record<string, FetchLike>> = {
  http: (input, init) => fetch(input, init),
  // A user's own ky instance, which leaves to the client what the client decides: retries, time, what an error is.
  ky: ky.create({ retry: 0, timeout: false, throwHttpErrors: false }),
};

function reach(way: string, kind: FakeKind, url: string): Pick<Target, "fetch" | "baseUrl" | "control"> {
  if (way === "in-process") {
    const { fetch, control } = createFake(kind);
    return { fetch, control };
  }
  const transport = transports[way];
  if (transport === undefined) throw new Error(`no such way: ${way}`);
  return { fetch: transport, baseUrl: url, control: kind === "lean" ? undefined : remoteControl(url) };
}
