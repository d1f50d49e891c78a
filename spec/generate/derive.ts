/**
 * The two documents that validators are generated from, derived from the one that is written by hand. A validator only
 * judges shape (which fields, of which type): values are the business of the rules in `src/`, whose messages are better.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const METHODS = ["get", "put", "post", "delete", "patch"] as const;

export interface SourceOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: JsonObject;
  /** Of the operation and of its path, references resolved. */
  readonly parameters: readonly JsonObject[];
}

/** Follows a local reference (`#/a/b`). */
export function resolve(document: JsonObject, value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Error(`not an object: ${JSON.stringify(value)}`);
  if (typeof value.$ref !== "string") return value;
  let found: Json | undefined = document;
  for (const key of value.$ref.slice(2).split("/")) found = isObject(found) ? found[key] : undefined;
  return resolve(document, found);
}

/** Every operation of a document, in the document's order. */
export function operationsOf(document: JsonObject): SourceOperation[] {
  const found: SourceOperation[] = [];
  for (const [path, item] of Object.entries(document.paths as JsonObject)) {
    if (!isObject(item)) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (!isObject(operation)) continue;
      const listed = [...((item.parameters as Json[]) ?? []), ...((operation.parameters as Json[]) ?? [])];
      found.push({ method, path, operation, parameters: listed.map((parameter) => resolve(document, parameter)) });
    }
  }
  return found;
}

/** The JSON schema of a request body or a response, when it has one. */
export function jsonSchemaOf(document: JsonObject, holder: Json | undefined): Json | undefined {
  if (holder === undefined) return undefined;
  const content = resolve(document, holder).content;
  const media = isObject(content) ? content["application/json"] : undefined;
  return isObject(media) ? media.schema : undefined;
}

/** Names of the component schemas that a value refers to, directly or through others. */
function reachable(document: JsonObject, value: Json | undefined, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) reachable(document, item, names);
  else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const name = key === "$ref" ? String(inner).split("/").pop() : undefined;
      if (name === undefined) reachable(document, inner, names);
      else if (!names.has(name)) {
        names.add(name);
        reachable(document, resolve(document, value), names);
      }
    }
  }
  return names;
}

/** A schema without what judges values. `tolerant`: enums are open, and an optional field may be null. */
function shapeOf(schema: Json, tolerant: boolean): Json {
  if (!isObject(schema)) return schema;
  if (typeof schema.$ref === "string") return { $ref: schema.$ref };
  const shape: JsonObject = { type: schema.type === "integer" ? "number" : (schema.type ?? "object") };
  if (!tolerant && schema.enum !== undefined) shape.enum = schema.enum;
  if (schema.items !== undefined) shape.items = shapeOf(schema.items, tolerant);
  if (schema.required !== undefined) shape.required = schema.required;
  if (schema.additionalProperties !== undefined)
    shape.additionalProperties = shapeOf(schema.additionalProperties, tolerant);
  if (isObject(schema.properties)) {
    const required = (schema.required ?? []) as string[];
    shape.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => {
        const inner = shapeOf(property, tolerant);
        return [name, tolerant && !required.includes(name) ? { anyOf: [inner, { type: "null" }] } : inner];
      }),
    );
  }
  return shape;
}

/** A document with one operation for each root, which is all that the validator generator needs to see. */
function derived(document: JsonObject, roots: Iterable<string>, tolerant: boolean): JsonObject {
  const names = new Set<string>();
  for (const root of roots) reachable(document, { $ref: `#/components/schemas/${root}` }, names);
  const all = (document.components as JsonObject).schemas as JsonObject;
  const schemas = Object.entries(all).filter(([name]) => names.has(name));
  const content = (name: string) => ({ "application/json": { schema: { $ref: `#/components/schemas/${name}` } } });
  return {
    openapi: "3.1.0",
    info: { title: "Shapes", version: "1" },
    paths: Object.fromEntries(
      schemas.map(([name]) => [
        `/${name}`,
        {
          post: {
            operationId: `shape${name}`,
            ...(tolerant ? {} : { requestBody: { required: true, content: content(name) } }),
            responses: { "200": tolerant ? { description: "x", content: content(name) } : { description: "x" } },
          },
        },
      ]),
    ),
    components: { schemas: Object.fromEntries(schemas.map(([name, schema]) => [name, shapeOf(schema, tolerant)])) },
  };
}

const nameOf = (schema: Json | undefined) =>
  isObject(schema) && typeof schema.$ref === "string" ? schema.$ref.split("/").pop() : undefined;

/** Which component is the JSON body of each operation's request, or of its 200. */
export function componentByOperation(document: JsonObject, side: "request" | "response"): Map<string, string> {
  const found = new Map<string, string>();
  for (const { operation } of operationsOf(document)) {
    const holder = side === "request" ? operation.requestBody : (operation.responses as JsonObject)["200"];
    const name = nameOf(jsonSchemaOf(document, holder));
    if (name !== undefined) found.set(String(operation.operationId), name);
  }
  return found;
}

export const requestDocument = (document: JsonObject) =>
  derived(document, componentByOperation(document, "request").values(), false);

export const responseDocument = (document: JsonObject) =>
  derived(document, [...componentByOperation(document, "response").values(), "ErrorResponse"], true);
