import { type Check, each, fields, text } from "./checks.ts";
import type { Violation } from "./violations.ts";
import { violation } from "./violations.ts";

/** Texts, empty ones among them. */
export const checkArguments = each(text());

/** An argument vector: at least the program, whose name is not empty. */
export const checkCommand: Check = (field, value) =>
  checkArguments(field, value) ??
  ((value as string[])[0] ? undefined : violation(field, value, "must start with a program, which is not empty"));

const checkBody = fields({ command: checkCommand }, {});

/** The body of an exec, but for what `checkExecOptions` judges. */
export const checkExec = (body: unknown): Violation | undefined => checkBody("", body);
