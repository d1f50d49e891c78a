/**
 * The client's view of the document, as small as it can be: an edge bundle carries all of it, and building validator
 * objects for each shape would be most of its size. It says no more and no less than the other generated files, which
 * the tests of the client hold it to.
 */

import {
  componentByOperation,
  isObject,
  type Json,
  type JsonObject,
  operationsOf,
  resolve,
  type SourceOperation,
} from "./derive.ts";
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

/** The rows of every object component that the roots need, but those of `left`. */
function shapeRows(document: JsonObject, roots: Iterable<string>, left: ReadonlySet<string>): Map<string, string> {
  const all = (document.components as JsonObject).schemas as JsonObject;
  const wanted = new Set(roots);
  const rows = new Map<string, string>();
  for (const name of wanted) {
    if (left.has(name)) continue;
    const text = fieldsOf(document, all[name] as JsonObject);
    rows.set(name, text);
    for (const [, inner = ""] of text.matchAll(/:\[*([A-Z]\w*)/g)) wanted.add(inner);
  }
  return rows;
}

function routeOf(document: JsonObject, { method, path, operation }: SourceOperation, sent: string, answered: string) {
  const responses = operation.responses as JsonObject;
  const security = (operation.security ?? document.security) as unknown[];
  const words = [
    method.toUpperCase(),
    path,
    answered || bodyKind(document, responses["200"] ?? responses["204"]),
    sent || bodyKind(document, operation.requestBody),
    operation["x-retry"],
    ...(security.length > 0 ? [] : ["open"]),
  ];
  return words.join(" ").replace(/ none safe$/, "");
}

/** The query parameters of an operation as the fields of an object; empty when there are none. */
function parametersOf(document: JsonObject, { parameters }: SourceOperation): string {
  return parameters
    .filter((parameter) => parameter.in === "query")
    .map(({ name, schema: given, required }) => {
      const schema = resolve(document, given);
      const items = schema.type === "array" ? resolve(document, schema.items) : schema;
      const text = items.format === "date-time" ? "@" : required ? "~" : "$";
      const mark = items.type === "string" ? text : items.minimum === 1 ? "+" : MARKS[String(items.type)];
      return `${name}${required ? "" : "?"}:${schema.type === "array" ? "[" : ""}${mark}`;
    })
    .join(" ");
}

/** The three tables of some operations. `left`: shapes that another table has. */
function tablesOf(document: JsonObject, listed: readonly SourceOperation[], left: ReadonlySet<string> = new Set()) {
  const requests = componentByOperation(document, "request");
  const answers = componentByOperation(document, "response");
  const idOf = ({ operation }: SourceOperation) => String(operation.operationId);
  const named = (map: Map<string, string>) => listed.map((one) => map.get(idOf(one)) ?? "");
  const roots = [...named(requests), ...named(answers)].filter(Boolean);
  const parameters = listed.map((one) => [idOf(one), parametersOf(document, one)] as const).filter(([, text]) => text);
  return {
    shapes: shapeRows(document, roots, left),
    routes: new Map(
      listed.map((one) => {
        const id = idOf(one);
        return [id, routeOf(document, one, requests.get(id) ?? "", answers.get(id) ?? "")];
      }),
    ),
    parameters: new Map(parameters),
  };
}

const rowsOf = (rows: Map<string, string>, indent: string) =>
  [...rows].map(([name, text]) => `${indent}${name}: ${quote(text)},\n`).join("");

/** Tags of the published API that many programs do without. */
const APART: readonly unknown[] = ["metrics", "snapshots"];

/**
 * The part of the API that an operation belongs to, when it is one that is loaded with its first use: an extension, or one
 * of those tags. Which extensions there are is for every client to ask.
 */
export function partOf({ operation }: SourceOperation): string | undefined {
  const extension = operation["x-extension"];
  if (extension !== undefined && extension !== "capabilities") return String(extension);
  return (operation.tags as string[] | undefined)?.find((tag) => APART.includes(tag));
}

/**
 * The files of the client's tables by name: one for what every bundle carries, one for each part that is loaded with its
 * first use, and one that has all of these.
 */
export function generateCompact(document: JsonObject, about: string): Map<string, string> {
  const all = operationsOf(document);
  const main = tablesOf(
    document,
    all.filter((one) => partOf(one) === undefined),
  );
  const apart = all.filter((one) => partOf(one) !== undefined);
  const parts = [...new Set(apart.flatMap((one) => partOf(one) ?? []))].sort();
  const files = new Map([
    [
      "compact.ts",
      `${about}
/** Rows by name. */
export interface Rows {
  [name: string]: string;
}

/** What the client knows of some operations. */
export interface Tables {
  readonly shapes: Rows;
  readonly routes: Rows;
  readonly parameters: Rows;
}

/**
 * The fields of each object: \`name:type\`, with \`?\` after the name when it is optional. No type is a string, \`#\` a
 * number, \`!\` a boolean, \`{\` a map of strings, a name another of these objects, and \`[\` before a type an array of it.
 */
export const shapes: Rows = {
${rowsOf(main.shapes, "  ")}};

/**
 * Method and path; what is answered and what is sent (the name of a shape is JSON, nothing is sent unless it says so);
 * the retry class (or else safe); and \`open\` when no key is asked for. See OperationInfo.
 */
export const routes: Rows = {
${rowsOf(main.routes, "  ")}};

/**
 * The query parameters of each operation, as the fields of an object. \`$\` is well-formed text, \`~\` such a text that is
 * not empty, \`+\` a whole number from 1, \`@\` a Date or an RFC 3339 time.
 */
export const parameters: Rows = {
${rowsOf(main.parameters, "  ")}};

/** The operations that are not here but in the tables of parts. */
export const elsewhere: readonly string[] = ${quote(apart.map(({ operation }) => operation.operationId))};
`,
    ],
    [
      "parts.ts",
      `${about}
${parts.map((name) => `import { tables as ${name} } from "./parts/${name}.ts";\n`).join("")}import type { Tables } from "./compact.ts";

/** The tables of all parts. */
export const parts: readonly Tables[] = [${parts.join(", ")}];
`,
    ],
  ]);
  for (const name of parts) {
    const own = apart.filter((one) => partOf(one) === name);
    const { shapes, routes, parameters } = tablesOf(document, own, new Set(main.shapes.keys()));
    files.set(
      `parts/${name}.ts`,
      `${about}
import type { Tables } from "../compact.ts";

export const tables: Tables = {
  shapes: {
${rowsOf(shapes, "    ")}  },
  routes: {
${rowsOf(routes, "    ")}  },
  parameters: {
${rowsOf(parameters, "    ")}  },
};
`,
    );
  }
  return files;
}
