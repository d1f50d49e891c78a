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
  const add = (name: string, item: unknown) => {
    if (item === undefined || item === null) return;
    const value = typeof item === "object" ? (item as Date).toISOString() : String(item);
    text += `${text ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
  };
  for (const [name, value] of Object.entries(query ?? {})) {
    if (Array.isArray(value)) for (const item of value) add(name, item);
    else add(name, value);
  }
  return text;
}
