/** One thing that has to hold of the packages as they are published. */
export interface Check {
  readonly name: string;
  /** Rejects when it does not hold. May answer a remark, such as a figure. */
  readonly run: () => Promise<string | undefined>;
}

export function hold(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
