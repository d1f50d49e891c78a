import type { Capability } from "@porter-sandbox/testing/contract";

/** Cases that a target does not run, because the way there cannot do what they need. */
interface Skip {
  readonly runtimes: readonly string[];
  readonly targets: readonly string[];
  readonly lacks: Capability;
  readonly reason: string;
  /** The exact names of the cases; a case that is skipped and not named here fails the run. */
  readonly cases: readonly string[];
}

/** Reviewed. Whatever else is skipped fails the run, and so does a case named here that was not skipped. */
export const skips: readonly Skip[] = [];

const of = (runtime: string, target: string) =>
  skips.filter((skip) => skip.runtimes.includes(runtime) && skip.targets.includes(target));

/** What a target lacks. */
export const lacking = (runtime: string, target: string): Capability[] => of(runtime, target).map(({ lacks }) => lacks);

/** The full names of the cases that a target skips, with the reason. */
export const reviewedSkips = (runtime: string, targets: readonly string[]): { name: string; reason: string }[] =>
  targets.flatMap((target) =>
    of(runtime, target).flatMap(({ cases, reason }) => cases.map((name) => ({ name: `${target} ${name}`, reason }))),
  );
