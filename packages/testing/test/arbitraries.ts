// Arbitrary requests and answers, made from the OpenAPI document's own shapes and then bent out of them.
import { readFileSync } from "node:fs";
import fc, { type Arbitrary } from "fast-check";
import { parse } from "yaml";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: Json[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  example?: Json;
  examples?: Json[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}
interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  schema?: Schema;
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  operationId: string;
  method: string;
  path: string;
  parameters: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content & { $ref?: string }>;
}

const document = parse(readFileSync(new URL("../../../spec/openapi.yaml", import.meta.url), "utf8"));

function resolve<T extends { $ref?: string }>(value: T): T {
  if (value.$ref === undefined) return value;
  let found: unknown = document;
  for (const part of value.$ref.slice(2).split("/")) found = (found as Record<string, unknown>)[part];
  return resolve(found as T);
}

/** Every operation of the document, its references resolved. */
export const operations: Operation[] = Object.entries(
  document.paths as Record<string, Record<string, unknown>>,
).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => ["get", "put", "post", "delete"].includes(method))
    .map(([method, operation]) => {
      const whole = operation as Operation;
      const parameters = [...((item.parameters as Parameter[]) ?? []), ...(whole.parameters ?? [])].map(resolve);
      return { ...whole, method: method.toUpperCase(), path, parameters };
    }),
);

/** Text as a careless or a hostile caller writes it. */
export const text: Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    "..",
    "/../../etc/passwd",
    "\0",
    "\ud800",
    "a".repeat(70),
    "__proto__",
    "constructor",
    "-1",
    "1e999",
    "%00",
    "é",
  ),
  fc.string({ maxLength: 12 }),
);

/** Any JSON at all. */
const junk: Arbitrary<Json> = fc.oneof(
  text,
  fc.jsonValue() as Arbitrary<Json>,
  fc.constantFrom<Json>(null, -1, 0, 1.5, 2 ** 53, [], {}),
);

/** Values of a schema, examples and odd texts among them; nothing beyond the types is kept to. */
function anyOfShape(schema: Schema, depth = 0): Arbitrary<Json> {
  const {
    type,
    enum: values,
    properties,
    required = [],
    items,
    additionalProperties,
    example,
    examples,
    anyOf,
    oneOf,
    allOf,
  } = resolve(schema);
  const known = [...(example === undefined ? [] : [example]), ...(examples ?? [])];
  const choices: Arbitrary<Json>[] = known.length > 0 ? [fc.constantFrom(...known)] : [];
  const kind = Array.isArray(type) ? type[0] : type;
  if (values) choices.push(fc.constantFrom(...values));
  for (const each of anyOf ?? oneOf ?? allOf ?? []) choices.push(anyOfShape(each, depth));
  if (kind === "string" && !values) choices.push(text);
  if (kind === "integer") choices.push(fc.integer());
  if (kind === "number") choices.push(fc.double({ noNaN: true, noDefaultInfinity: true }));
  if (kind === "boolean") choices.push(fc.boolean());
  if (kind === "array" && items)
    choices.push(depth > 4 ? fc.constant([]) : fc.array(anyOfShape(items, depth + 1), { maxLength: 3 }));
  if (properties) {
    const fields = Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => depth <= 4 || required.includes(name))
        .map(([name, each]) => [name, anyOfShape(each, depth + 1)]),
    );
    choices.push(fc.record(fields, { requiredKeys: required.filter((name) => name in fields) }) as Arbitrary<Json>);
  } else if (kind === "object") {
    const entry = typeof additionalProperties === "object" ? anyOfShape(additionalProperties, depth + 1) : junk;
    choices.push(fc.dictionary(text, entry, { maxKeys: 3 }) as Arbitrary<Json>);
  }
  return choices.length > 0 ? fc.oneof(...choices) : junk;
}

/** Puts something else in one place of a value. */
function bent(value: Json, place: number, other: Json): Json {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const chosen = entries[place % (entries.length + 1)];
  if (chosen === undefined) return other;
  const [key, inner] = chosen;
  const replaced = bent(inner, Math.floor(place / (entries.length + 1)), other);
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? replaced : item));
  return { ...(value as Record<string, Json>), [key]: replaced };
}

/** A value of the schema, the same with one place bent, or anything. */
function around(schema: Schema): Arbitrary<Json> {
  const right = anyOfShape(schema);
  return fc.oneof(
    right,
    fc.tuple(right, fc.nat(), junk).map(([value, place, other]) => bent(value, place, other)),
    junk,
  );
}

const jsonOf = (content: Content | undefined) => content?.content?.["application/json"]?.schema;

export interface FuzzedRequest {
  readonly operation: Operation;
  readonly path: Record<string, string>;
  readonly query: [string, string][];
  readonly json: Json | undefined;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A request of one operation; `ids` are tried where it takes an id. */
export function requestOf(operation: Operation, ids: readonly string[]): Arbitrary<FuzzedRequest> {
  const idOf = fc.oneof(fc.constantFrom(...ids), text);
  const inPath = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
  const inQuery = operation.parameters.filter((parameter) => parameter.in === "query");
  const words = fc.oneof(
    ...inQuery.map(({ name, schema }) => fc.tuple(fc.constant(name), around(schema ?? {}).map(wordOf))),
    fc.tuple(text, text),
  );
  const schema = jsonOf(operation.requestBody);
  return fc.record({
    operation: fc.constant(operation),
    path: fc.record(Object.fromEntries(inPath.map((name) => [name, idOf]))) as Arbitrary<Record<string, string>>,
    query: fc.array(words, { maxLength: 4 }),
    json: schema ? fc.option(around(schema), { nil: undefined }) : fc.constant(undefined),
    bytes: fc.option(fc.uint8Array({ maxLength: 40 }) as Arbitrary<Uint8Array<ArrayBuffer>>, { nil: undefined }),
  });
}

const wordOf = (value: Json) => (typeof value === "string" ? value : JSON.stringify(value));

/** The body of a success of an operation that answers JSON, as it should be or bent. */
export function answerOf(operation: Operation): Arbitrary<Json> {
  return around(jsonOf(resolve(operation.responses["200"] ?? {})) ?? {});
}
