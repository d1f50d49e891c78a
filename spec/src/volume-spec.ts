import { fields, oneOf, text } from "./checks.ts";
import { checkName } from "./names.ts";
import { type Violation, violation } from "./violations.ts";

const checkFields = fields(
  {},
  {
    name: checkName,
    type: oneOf("disk", "object"),
    object: fields(
      {
        bucket: text(
          (name) => /^[a-zA-Z0-9][\w.-]{0,221}$/.test(name),
          "must be a bucket's name: letters, digits, dots, hyphens and underscores",
        ),
      },
      { prefix: text(), access: oneOf("read_write", "read_only", "write_only_new_files") },
    ),
  },
);

/** Checks all of a new volume that needs no server. Never throws, whatever it is given. */
export function checkVolumeSpec(spec: unknown): Violation | undefined {
  const broken = checkFields("", spec);
  if (broken) return broken;
  const { type, object } = spec as { type?: string; object?: unknown };
  if ((type === "object") === (object !== undefined)) return undefined;
  const rule = object === undefined ? "is required" : "must only be given";
  return violation("object", object, `${rule} for a volume of type object`);
}
