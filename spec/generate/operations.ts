/** The tables that client and server are driven by: operations, and the query parameters of each. */

import { isObject, type JsonObject, operationsOf, resolve } from "./derive.ts";

const quote = (value: unknown) => JSON.stringify(value);

export function bodyKind(document: JsonObject, holder: unknown): "none" | "json" | "bytes" {
  if (holder === undefined) return "none";
  const { content } = resolve(document, holder as JsonObject);
  if (!isObject(content)) return "none";
  return "application/json" in content ? "json" : "bytes";
}

export function generateOperations(document: JsonObject, about: string): string {
  const rows = operationsOf(document).map(({ method, path, operation }) => {
    const responses = operation.responses as JsonObject;
    const success = responses["200"] ?? responses["204"];
    const secured = (operation.security ?? document.security) as unknown[];
    const fields = [
      `method: ${quote(method.toUpperCase())}`,
      `path: ${quote(path)}`,
      `retry: ${quote(operation["x-retry"])}`,
      `body: ${quote(bodyKind(document, operation.requestBody))}`,
      `response: ${quote(bodyKind(document, success))}`,
      `statuses: [${Object.keys(responses).join(", ")}]`,
      `auth: ${secured.length > 0}`,
      ...(operation["x-extension"] === undefined ? [] : [`extension: ${quote(operation["x-extension"])}`]),
    ];
    return `  ${operation.operationId}: { ${fields.join(", ")} },`;
  });
  return `${about}
/** Whether a request may be repeated when it is not known if it took effect. */
export type RetryClass = "safe" | "idempotent" | "keyed" | "never";

export interface OperationInfo {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** With \`{id}\` where the id goes. */
  readonly path: string;
  readonly retry: RetryClass;
  readonly body: "none" | "json" | "bytes";
  /** What a success carries. */
  readonly response: "none" | "json" | "bytes";
  /** Every status that the document names, successes first. */
  readonly statuses: readonly number[];
  /** Whether a server with keys asks for one. */
  readonly auth: boolean;
  /** Set when the operation is not part of the published API. */
  readonly extension?: string;
}

export const operations = {
${rows.join("\n")}
} as const satisfies Record<string, OperationInfo>;

export type OperationId = keyof typeof operations;
`;
}

export function generateQueries(document: JsonObject, about: string): string {
  const rows = operationsOf(document).flatMap(({ operation, parameters }) => {
    const query = parameters.filter((parameter) => parameter.in === "query");
    if (query.length === 0) return [];
    const fields = query.map((parameter) => {
      const schema = resolve(document, parameter.schema);
      const items = schema.type === "array" ? resolve(document, schema.items) : schema;
      const parts = [
        `type: ${quote(items.format === "date-time" ? "time" : items.type)}`,
        `array: ${schema.type === "array"}`,
        `required: ${parameter.required === true}`,
        ...(items.minimum === undefined ? [] : [`minimum: ${items.minimum}`]),
        ...(items.enum === undefined ? [] : [`values: ${quote(items.enum)}`]),
        ...(parameter["x-extension"] === undefined ? [] : [`extension: ${quote(parameter["x-extension"])}`]),
      ];
      return `    ${parameter.name}: { ${parts.join(", ")} },`;
    });
    return [`  ${operation.operationId}: {\n${fields.join("\n")}\n  },`];
  });
  return `${about}
export interface QueryParameterInfo {
  /** \`time\` is an RFC 3339 string. */
  readonly type: "string" | "integer" | "boolean" | "time";
  /** May be repeated; what it was given as is always read as an array. */
  readonly array: boolean;
  readonly required: boolean;
  readonly minimum?: number;
  /** The only values allowed. */
  readonly values?: readonly string[];
  /** Set when the parameter is not part of the published API. */
  readonly extension?: string;
}

/** The query parameters of each operation that has some. */
export const queries = {
${rows.join("\n")}
} as const satisfies Record<string, Record<string, QueryParameterInfo>>;

export type QueriedOperationId = keyof typeof queries;
`;
}
