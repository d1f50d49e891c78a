import { checkName } from "./names.ts";
import { isRecord } from "./text.ts";
import { checkText, type Violation, violation } from "./violations.ts";

const ACCESS = ["read_write", "read_only", "write_only_new_files"];

function checkObject(value: unknown): Violation | undefined {
  if (!isRecord(value)) return violation("object", value, "must be an object");
  const { bucket, prefix, access } = value;
  if (bucket === undefined) return violation("object.bucket", bucket, "is required and must be a string");
  const broken = checkText(
    "object.bucket",
    bucket,
    (name) => /^[a-zA-Z0-9][\w.-]{0,221}$/.test(name),
    "must be a bucket's name: letters, digits, dots, hyphens and underscores",
  );
  if (broken) return broken;
  if (access !== undefined && !ACCESS.includes(access as string)) {
    return violation("object.access", access, `must be one of ${ACCESS.join(", ")}`);
  }
  return prefix === undefined ? undefined : checkText("object.prefix", prefix);
}

/** Checks all of a new volume that needs no server. Never throws, whatever it is given. */
export function checkVolumeSpec(spec: unknown): Violation | undefined {
  if (!isRecord(spec)) return violation("body", spec, "must be an object");
  const { name, type = "disk", object } = spec;
  const broken = name === undefined ? undefined : checkName("name", name);
  if (broken) return broken;
  if (type !== "disk" && type !== "object") return violation("type", type, 'must be "disk" or "object"');
  if (type === "object") {
    return object === undefined
      ? violation("object", object, "is required for a volume of type object")
      : checkObject(object);
  }
  return object === undefined ? undefined : violation("object", object, "must not be given for a volume of type disk");
}
