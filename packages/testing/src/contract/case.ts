import type { Context } from "./context.ts";
import type { Capability } from "./target.ts";

/** One promise of the API or of its client, with how to see that it is kept. */
export interface ContractCase {
  /** Unique: `subject: what holds`. */
  readonly name: string;
  /** What the server must have for this case; without all of it the case is skipped. */
  readonly needs: readonly Capability[];
  /** Moves what others share (clock, faults): nothing else may run at the same time. */
  readonly exclusive: boolean;
  /** Throws when the promise is not kept. */
  readonly run: (context: Context) => Promise<void>;
}

/** The conditions of a case. */
export interface CaseOptions {
  /** What the server must have; without all of it the case is skipped. Default: nothing. */
  readonly needs?: readonly Capability[];
  /** Whether nothing else may run at the same time. Default: whether it needs `control`. */
  readonly exclusive?: boolean;
}

/** The cases of one subject, by what holds. A plain function is a case without conditions. */
type Cases = Readonly<Record<string, ContractCase["run"] | (CaseOptions & { readonly run: ContractCase["run"] })>>;

export function casesOf(subject: string, cases: Cases): ContractCase[] {
  return Object.entries(cases).map(([title, given]) => {
    const { needs = [], exclusive = false, run } = typeof given === "function" ? { run: given } : given;
    return { name: `${subject}: ${title}`, needs, exclusive: exclusive || needs.includes("control"), run };
  });
}
