/** Puts `values` into a path such as `/v1/sandbox/{id}`. */
export function expandPath(path: string, values: Readonly<Record<string, unknown>> | undefined): string {
  // Encoded, a value has no "$", which would mean something in a replacement.
  for (const name in values) path = path.replace(`{${name}}`, encodeURIComponent(String(values[name])));
  return path;
}

/**
 * Writes a query with its question mark; empty when there is nothing to ask for. Lists are repeated, undefined and null left
 * out, and dates become RFC 3339.
 */
export function queryString(query: object | undefined): string {
  let text = "";
  for (const [name, value] of Object.entries(query ?? {}))
    for (const item of [value].flat()) {
      if (item === undefined || item === null) continue;
      const written = typeof item === "object" ? (item as Date).toISOString() : String(item);
      text += `${text ? "&" : "?"}${name}=${encodeURIComponent(written)}`;
    }
  return text;
}
