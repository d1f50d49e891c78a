/**
 * The client's view of the document, as small as it can be: an edge bundle carries all of it, and building validator
 * objects for each shape would be most of its size. It says no more and no less than the other generated files, which
 * the tests of the client hold it to.
 */

import { componentByOperation, isObject, type Json, type JsonObject, operationsOf, resolve } from "./derive.ts";
import { bodyKind } from "./operations.ts";

const quote = (value: unknown) => JSON.stringify(value);
const nameOf = (schema: JsonObject) => String(schema.$ref).split("/").pop() ?? "";

/** The literal for a schema. Other objects are referred to by name, as functions, so that they may refer to themselves. */
function shape(document: JsonObject, schema: Json | undefined): string {
  const resolved = resolve(document, schema);
  if (resolved.type === "array") return `[${shape(document, resolved.items)}]`;
  if (resolved.type !== "object") return quote(resolved.type === "integer" ? "number" : resolved.type);
  if (isObject(schema) && schema.$ref !== undefined) return `() => ${nameOf(schema)}`;
  return literal(document, resolved);
}

function literal(document: JsonObject, schema: JsonObject): string {
  if (!isObject(schema.properties)) return `{ "*": ${shape(document, schema.additionalProperties)} }`;
  const required = (schema.required ?? []) as string[];
  const fields = Object.entries(schema.properties).map(
    ([name, property]) => `${quote(required.includes(name) ? name : `${name}?`)}: ${shape(document, property)}`,
  );
  return `{ ${fields.join(", ")} }`;
}

/** Every object component that the roots need, and a map from operation to root. */
function shapes(document: JsonObject): string {
  const request = componentByOperation(document, "request");
  const response = componentByOperation(document, "response");
  const all = (document.components as JsonObject).schemas as JsonObject;
  const wanted = new Set([...request.values(), ...response.values()]);
  const written = new Map<string, string>();
  for (const name of wanted) {
    const text = literal(document, all[name] as JsonObject);
    written.set(name, text);
    for (const [, inner = ""] of text.matchAll(/\(\) => (\w+)/g)) wanted.add(inner);
  }
  const map = (name: string, entries: Map<string, string>) =>
    `export const ${name}: { readonly [operation: string]: Shape | undefined } = {\n${[...entries]
      .map(([operation, component]) => `  ${operation}: ${component},`)
      .join("\n")}\n};`;
  const constants = [...written].map(([name, text]) => `const ${name}: Shape = ${text};`);
  return `${constants.join("\n")}

/** The shape of each operation's JSON body. */
${map("requestShapes", request)}

/** The shape of each operation's JSON answer. */
${map("responseShapes", response)}`;
}

function routes(document: JsonObject): string {
  const rows = operationsOf(document).map(({ method, path, operation }) => {
    const responses = operation.responses as JsonObject;
    const security = (operation.security ?? document.security) as unknown[];
    const words = [
      method.toUpperCase(),
      path,
      operation["x-retry"],
      bodyKind(document, operation.requestBody),
      bodyKind(document, responses["200"] ?? responses["204"]),
      ...(security.length > 0 ? [] : ["open"]),
    ];
    return `  ${operation.operationId}: ${quote(words.join(" "))},`;
  });
  return `/** Method, path, retry class, body, response, and \`open\` when no key is asked for; see OperationInfo. */
export const routes = {
${rows.join("\n")}
} as const;`;
}

function parameters(document: JsonObject): string {
  const rows = operationsOf(document).flatMap(({ operation, parameters }) => {
    const query = parameters.filter((parameter) => parameter.in === "query");
    if (query.length === 0) return [];
    const fields = query.map((parameter) => {
      const schema = resolve(document, parameter.schema);
      const items = schema.type === "array" ? resolve(document, schema.items) : schema;
      const kind = items.format === "date-time" ? "time" : items.minimum === 1 ? "count" : items.type;
      return `${parameter.name}: ${quote(`${kind}${schema.type === "array" ? "*" : ""}${parameter.required ? "!" : ""}`)}`;
    });
    return [`  ${operation.operationId}: { ${fields.join(", ")} },`];
  });
  return `/** Query parameters: \`count\` is a whole number from 1, \`time\` RFC 3339; \`*\` may be repeated, \`!\` is required. */
export const parameters: { readonly [operation: string]: { readonly [name: string]: string } | undefined } = {
${rows.join("\n")}
};`;
}

export function generateCompact(document: JsonObject, about: string): string {
  return `${about}
/**
 * What a value must look like: a type's name, an array of one shape, or an object's fields, of which those with \`?\` are
 * optional and \`*\` stands for any name. A function stands for a shape that is written elsewhere.
 */
export type Shape = "string" | "number" | "boolean" | readonly [Shape] | { readonly [field: string]: Shape } | (() => Shape);

${shapes(document)}

${routes(document)}

${parameters(document)}
`;
}
