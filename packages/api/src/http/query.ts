/** Query strings, by the table of parameters. */
import { describeViolation, parseQuery, type QueryValues } from "@porter-sandbox/spec";
import { type QueriedOperationId, queries } from "@porter-sandbox/spec/queries";
import { invalid, show } from "../errors.ts";

const searchOf = (url: string): string => {
  const end = url.indexOf("#");
  const start = url.indexOf("?");
  if (start === -1 || (end !== -1 && end < start)) return "";
  return url.slice(start + 1, end === -1 ? undefined : end);
};

/** A parameter that the operation does not have is refused: a filter with a typing error must not select everything. */
export function readQuery<Id extends QueriedOperationId>(operation: Id, url: string): QueryValues<Id> {
  const search = searchOf(url);
  const read = parseQuery(operation, search);
  if (!read.ok) throw invalid(read.violation.field, describeViolation(read.violation));
  for (const name of new URLSearchParams(search).keys()) {
    if (!Object.hasOwn(queries[operation], name)) {
      const known = Object.keys(queries[operation]).join(", ");
      throw invalid("query", `query: ${show(name)} is not a known parameter (known are ${known})`);
    }
  }
  return read.values;
}
