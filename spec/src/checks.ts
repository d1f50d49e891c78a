/** What the rules are put together from. */

import { isRecord, textRule } from "./text.ts";
import { entryOf, type Violation, violation } from "./violations.ts";

/** Judges the value of a field; undefined when it breaks no rule. Never throws. */
export type Check = (field: string, value: unknown) => Violation | undefined;

/** A text that keeps to the common rules, and to one of its own. */
export const text =
  (ok: (text: string) => boolean = () => true, rule = ""): Check =>
  (field, value) => {
    const broken = textRule(value) ?? (ok(value as string) ? undefined : rule);
    return broken === undefined ? undefined : violation(field, value, broken);
  };

/** A whole number between two, both included. */
export const whole =
  (least: number, most: number): Check =>
  (field, value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : violation(field, value, `must be a whole number from ${least} to ${most}`);

export const oneOf =
  (...values: (string | boolean)[]): Check =>
  (field, value) =>
    values.includes(value as string)
      ? undefined
      : violation(field, value, `must be one of ${values.map((one) => JSON.stringify(one)).join(", ")}`);

// Below, what lies within a value is judged without its name at first, and again with it when it is wrong: only what does
// not fit pays for its path.

/** An array of so many items at most, each of which passes. */
export const each =
  (check: Check, most = Number.POSITIVE_INFINITY): Check =>
  (field, value) => {
    if (!Array.isArray(value)) return violation(field, value, "must be an array");
    if (value.length > most) return violation(field, value, "must have one entry at most");
    for (let index = 0; index < value.length; index++) {
      if (check("", value[index])) return check(entryOf(field, index), value[index]);
    }
    return undefined;
  };

/** An object used as a map. A key is judged as a value of the whole field, since it may not be fit to be shown in a name. */
export const entries =
  (key: Check, item: Check): Check =>
  (field, value) => {
    if (!isRecord(value)) return violation(field, value, "must be an object");
    for (const name of Object.keys(value)) {
      const found = key(field, name) ?? (item("", value[name]) && item(entryOf(field, name), value[name]));
      if (found) return found;
    }
    return undefined;
  };

/** An object with fields, of which those in `required` are judged also when they are not there. The body has no name. */
export const fields = (required: Record<string, Check>, optional: Record<string, Check>): Check => {
  const checks = Object.entries({ ...required, ...optional });
  return (field, value) => {
    if (!isRecord(value)) return violation(field || "body", value, "must be an object");
    for (const [name, check] of checks) {
      const inner = value[name];
      if ((inner !== undefined || name in required) && check("", inner)) return check(entryOf(field, name), inner);
    }
    return undefined;
  };
};
