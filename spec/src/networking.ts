import { type Check, each, fields, oneOf, text, whole } from "./checks.ts";
import { isHostName } from "./egress.ts";
import { entryOf, violation } from "./violations.ts";

const checkDomain = fields(
  {},
  { domain: text(isHostName, "must be a host name in lower case"), visibility: oneOf("public", "private") },
);

const checkShape = fields(
  { port: whole(1024, 65535) },
  { domains: each(checkDomain, 1), internal: oneOf(true, false) },
);

const checkEntry: Check = (field, value) => {
  const broken = checkShape(field, value);
  if (broken) return broken;
  const { internal, domains } = value as { internal?: boolean; domains?: unknown[] };
  return internal && domains?.length
    ? violation(entryOf(field, "domains"), domains, "must not be given together with internal")
    : undefined;
};

/** What to expose: at most one port, under at most one domain. */
export const checkNetworking = each(checkEntry, 1);
