/** What a query parameter may be. Lists are repeated; undefined and null are left out; dates become RFC 3339. */
export type QueryValue = string | number | boolean | Date | readonly string[] | null | undefined;

/** Puts `values` into a path such as `/v1/sandbox/{id}`. */
export function expandPath(path: string, values: Readonly<Record<string, unknown>> | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values?.[name])));
}

/** Writes a query with its question mark; empty when there is nothing to ask for. */
export function queryString(query: Readonly<Record<string, QueryValue>> | undefined): string {
  let text = "";
  for (const name in query) {
    for (const item of [query[name]].flat()) {
      if (item === undefined || item === null) continue;
      const value = typeof item === "object" ? (item as Date).toISOString() : String(item);
      text += `${text ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
    }
  }
  return text;
}
