/** Cases that a runtime does not run in some way, and why. */
interface Skip {
  readonly runtimes: readonly string[];
  readonly ways: readonly string[];
  readonly reason: string;
  /** The exact names of the cases. */
  readonly cases: readonly string[];
}

/** Reviewed. Whatever else is skipped fails the run, and so does a case named here that is not skipped. */
const skips: readonly Skip[] = [
  {
    runtimes: ["deno"],
    ways: ["http"],
    reason: "Deno itself sends a DELETE again when its connection breaks, so the client sees the 404 of the second one",
    cases: ["faults: a delete whose answer was lost ends well"],
  },
  {
    runtimes: ["chromium"],
    ways: ["http"],
    reason: "Chromium itself sends a request again when a connection that it kept breaks, whatever its method",
    cases: ["faults: a command that was cut off runs once", "faults: a delete whose answer was lost ends well"],
  },
  {
    runtimes: ["chromium"],
    ways: ["http"],
    reason: "a page cannot leave out the type of an empty body where the server, for the safety of pages, asks for it",
    cases: [
      "snapshots: the body may be left out, and is checked when it is there",
      "volumes: the body may be left out",
    ],
  },
  {
    runtimes: ["chromium"],
    ways: ["http"],
    reason: "a page may send only the methods that a preflight allows, and no preflights of its own",
    cases: ["routing: a method that a path has not is a 405 with those it has"],
  },
  {
    runtimes: ["chromium"],
    ways: ["http", "in-process"],
    reason: "a page cannot choose its origin",
    cases: [
      "cors: a preflight is answered, without a key",
      "cors: answers may be read from another origin, refusals too",
    ],
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
