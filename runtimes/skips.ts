/** Cases that a runtime does not run in some way, and why. */
interface Skip {
  readonly runtimes: readonly string[];
  readonly ways: readonly string[];
  readonly reason: string;
  /** The exact names of the cases. */
  readonly cases: readonly string[];
}

/** Reviewed. Whatever else is skipped fails the run, and so does a case named here that is not skipped. */
export const skips: readonly Skip[] = [
  {
    runtimes: ["deno"],
    ways: ["http"],
    reason: "Deno itself sends a DELETE again when its connection breaks, so the client sees the 404 of the second one",
    cases: ["faults: a delete whose answer was lost ends well"],
  },
];

/** The cases that a runtime skips, by their full names, with the reason. */
export const reviewedSkips = (runtime: string, ways: readonly string[]): { name: string; reason: string }[] =>
  skips
    .filter((skip) => skip.runtimes.includes(runtime))
    .flatMap(({ reason, cases, ways: theirs }) =>
      theirs
        .filter((way) => ways.includes(way))
        .flatMap((way) => cases.map((name) => ({ name: `${way} ${name}`, reason }))),
    );
