import { text } from "./checks.ts";
import type { Violation } from "./violations.ts";

/** Names of sandboxes and volumes are DNS labels. */
export const checkName = text(
  (name) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
  "must be 1 to 63 lowercase letters, digits and hyphens, with a letter or digit at both ends",
);

/** An id of the server's: any text that is not empty. Whether it exists is for the server to say. */
export const checkId = text((id) => id !== "", "must not be empty");

// A registry, path components, a tag and a digest. The separators within a component never overlap with its letters, so
// no text makes this slow.
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*";
const IMAGE = new RegExp(
  `^([A-Za-z0-9][A-Za-z0-9.-]*(:\\d{1,5})?/)?${COMPONENT}(/${COMPONENT})*(:\\w[\\w.-]{0,127})?(@[a-z0-9]+:[0-9a-fA-F]{32,128})?$`,
);

/** A container image, as `name`, `registry:port/path/name`, with `:tag` or `@algorithm:digest`. */
export const checkImage = text(
  (image) => image.length <= 512 && IMAGE.test(image),
  "must be an image reference such as python:3.12-slim",
);

const checkKey = text((key) => /^[!-~]{1,255}$/.test(key), "must be 1 to 255 visible ASCII characters");

/** An `Idempotency-Key` header. */
export const checkIdempotencyKey = (value: unknown): Violation | undefined => checkKey("Idempotency-Key", value);
