import type { Capability } from "@porter-sandbox/testing/contract";

/** Cases that a runtime does not run, because the way there cannot do what they need. */
interface Skip {
  readonly runtimes: readonly string[];
  readonly ways: readonly string[];
  readonly lacks: Capability;
  readonly reason: string;
  /** The exact names of the cases; a case that is skipped and not named here fails the run. */
  readonly cases: readonly string[];
}

/** Reviewed. Whatever else is skipped fails the run, and so does a case named here that was not skipped. */
export const skips: readonly Skip[] = [];

const of = (runtime: string, way: string) =>
  skips.filter((skip) => skip.runtimes.includes(runtime) && skip.ways.includes(way));

/** What a way lacks. */
export const lacking = (runtime: string, way: string): Capability[] => of(runtime, way).map(({ lacks }) => lacks);

/** The full names of the cases that a runtime skips, with the reason. */
export const reviewedSkips = (runtime: string, ways: readonly string[]): { name: string; reason: string }[] =>
  ways.flatMap((way) =>
    of(runtime, way).flatMap(({ cases, reason }) => cases.map((name) => ({ name: `${way} ${name}`, reason }))),
  );
