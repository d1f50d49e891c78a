/**
 * The client's view of the document, as small as it can be: an edge bundle carries all of it, and building validator
 * objects for each shape would be most of its size. It says no more and no less than the other generated files, which
 * the tests of the client hold it to.
 */

import { componentByOperation, isObject, type Json, type JsonObject, operationsOf, resolve } from "./derive.ts";
import { bodyKind } from "./operations.ts";

const quote = (value: unknown) => JSON.stringify(value);
const nameOf = (schema: JsonObject) => String(schema.$ref).split("/").pop() ?? "";
const MARKS: Record<string, string> = { string: "", number: "#", integer: "#", boolean: "!" };

/** The type of a field: see the comment of `shapes` below. */
function typeOf(document: JsonObject, schema: Json | undefined): string {
  const resolved = resolve(document, schema);
  if (resolved.type === "array") return `[${typeOf(document, resolved.items)}`;
  if (resolved.type !== "object") return MARKS[String(resolved.type)] ?? "";
  if (isObject(schema) && schema.$ref !== undefined) return nameOf(schema);
  if (resolve(document, resolved.additionalProperties).type !== "string")
    throw new Error(`only maps of strings and named objects have a compact form: ${quote(schema)}`);
  return "{";
}

function fieldsOf(document: JsonObject, schema: JsonObject): string {
  const required = (schema.required ?? []) as string[];
  return Object.entries(schema.properties as JsonObject)
    .map(([name, property]) => {
      const type = typeOf(document, property);
      return `${name}${required.includes(name) ? "" : "?"}${type && `:${type}`}`;
    })
    .join(" ");
}

/** Every object component that the roots need. */
function shapes(document: JsonObject, roots: Iterable<string>): string {
  const all = (document.components as JsonObject).schemas as JsonObject;
  const wanted = new Set(roots);
  const rows: string[] = [];
  for (const name of wanted) {
    const text = fieldsOf(document, all[name] as JsonObject);
    rows.push(`  ${name}: ${quote(text)},`);
    for (const [, inner = ""] of text.matchAll(/:\[*([A-Z]\w*)/g)) wanted.add(inner);
  }
  return `/**
 * The fields of each object: \`name:type\`, with \`?\` after the name when it is optional. No type is a string, \`#\` a
 * number, \`!\` a boolean, \`{\` a map of strings, a name another of these objects, and \`[\` before a type an array of it.
 */
export const shapes: { readonly [name: string]: string | undefined } = {
${rows.join("\n")}
};`;
}

function routes(document: JsonObject, requests: Map<string, string>, answers: Map<string, string>): string {
  const rows = operationsOf(document).map(({ method, path, operation }) => {
    const id = String(operation.operationId);
    const responses = operation.responses as JsonObject;
    const security = (operation.security ?? document.security) as unknown[];
    const words = [
      method.toUpperCase(),
      path,
      answers.get(id) ?? bodyKind(document, responses["200"] ?? responses["204"]),
      requests.get(id) ?? bodyKind(document, operation.requestBody),
      operation["x-retry"],
      ...(security.length > 0 ? [] : ["open"]),
    ];
    return `  ${id}: ${quote(words.join(" ").replace(/ none safe$/, ""))},`;
  });
  return `/**
 * Method and path; what is answered and what is sent (the name of a shape is JSON, nothing is sent unless it says so);
 * the retry class (or else safe); and \`open\` when no key is asked for. See OperationInfo.
 */
export const routes = {
${rows.join("\n")}
} as const;`;
}

function parameters(document: JsonObject): string {
  const rows = operationsOf(document).flatMap(({ operation, parameters }) => {
    const query = parameters.filter((parameter) => parameter.in === "query");
    if (query.length === 0) return [];
    const fields = query.map(({ name, schema: given, required }) => {
      const schema = resolve(document, given);
      const items = schema.type === "array" ? resolve(document, schema.items) : schema;
      const text = items.format === "date-time" ? "@" : required ? "~" : "$";
      const mark = items.type === "string" ? text : items.minimum === 1 ? "+" : MARKS[String(items.type)];
      return `${name}${required ? "" : "?"}:${schema.type === "array" ? "[" : ""}${mark}`;
    });
    return [`  ${operation.operationId}: ${quote(fields.join(" "))},`];
  });
  return `/**
 * The query parameters of each operation, as the fields of an object. \`$\` is well-formed text, \`~\` such a text that is
 * not empty, \`+\` a whole number from 1, \`@\` a Date or an RFC 3339 time.
 */
export const parameters: { readonly [operation: string]: string | undefined } = {
${rows.join("\n")}
};`;
}

export function generateCompact(document: JsonObject, about: string): string {
  const requests = componentByOperation(document, "request");
  const answers = componentByOperation(document, "response");
  return `${about}
${shapes(document, [...requests.values(), ...answers.values()])}

${routes(document, requests, answers)}

${parameters(document)}
`;
}
