/** Query strings, by the table of parameters. */
import { describeViolation, parseQuery, type QueryValues } from "@porter-sandbox/spec";
import { type QueriedOperationId, type QueryParameterInfo, queries } from "@porter-sandbox/spec/queries";
import { invalid, show } from "../errors.ts";

const searchOf = (url: string): string => {
  const end = url.indexOf("#");
  const start = url.indexOf("?");
  if (start === -1 || (end !== -1 && end < start)) return "";
  return url.slice(start + 1, end === -1 ? undefined : end);
};

/** A parameter that the operation does not have is refused: a filter with a typing error must not select everything. */
export function readQuery<Id extends QueriedOperationId>(
  operation: Id,
  url: string,
  { extensions = true }: { readonly extensions?: boolean } = {},
): QueryValues<Id> {
  const search = searchOf(url);
  const read = parseQuery(operation, search);
  if (!read.ok) throw invalid(read.violation.field, describeViolation(read.violation));
  const parameters: Readonly<Record<string, QueryParameterInfo>> = queries[operation];
  const known = Object.keys(parameters).filter((name) => extensions || parameters[name]?.extension === undefined);
  for (const name of new URLSearchParams(search).keys()) {
    if (!known.includes(name)) {
      throw invalid("query", `query: ${show(name)} is not a known parameter (known are ${known.join(", ")})`);
    }
  }
  return read.values;
}
