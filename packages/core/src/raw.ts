import type { Loose } from "@porter-sandbox/spec";
import { elsewhere, routes } from "@porter-sandbox/spec/compact";
import type { OperationId } from "@porter-sandbox/spec/operations";
import type { operations as Operations } from "@porter-sandbox/spec/types";
import type { FileContent } from "./extras/content.ts";
import type { Client } from "./transport/client.ts";
import { call, type RequestParts } from "./transport/request.ts";
import type { CallOptions } from "./transport/scope.ts";

type Parameters<Id extends OperationId> = Operations[Id]["parameters"];
type Content<R> = R extends { content: { "application/json": infer Json } }
  ? Json
  : R extends { content: { "application/octet-stream": unknown } }
    ? Uint8Array<ArrayBuffer>
    : never;
type Body<Id extends OperationId> = BodyOf<NonNullable<Operations[Id]["requestBody"]>>;
type BodyOf<R> = [R] extends [never]
  ? never
  : R extends { content: { "application/json": infer Json } }
    ? Loose<Json>
    : RawBytes;
type RawBytes = Exclude<FileContent, AsyncIterable<Uint8Array>> | ReadableStream<Uint8Array>;

/** A field is there when the operation has it, and may be left out when nothing in it is required. */
type Field<Name extends string, Value> = [Value] extends [never | undefined]
  ? unknown
  : undefined extends Value
    ? { [K in Name]?: Loose<NonNullable<Value>> | undefined }
    : { [K in Name]: Loose<Value> };

/** What an operation takes, as the OpenAPI document says. */
export type RawInput<Id extends OperationId> = Field<"path", Parameters<Id>["path"]> &
  Field<"query", Parameters<Id>["query"]> &
  ([Body<Id>] extends [never] ? unknown : { body: Body<Id> }) & {
    /** Beside the client's own; names in any case. */
    headers?: Readonly<Record<string, string | undefined>> | undefined;
  };

/** What an operation answers. */
export type RawOutput<Id extends OperationId> = Operations[Id]["responses"] extends { 200: infer R }
  ? Content<R>
  : undefined;

/** Every operation of the API as one method, named by its id in the OpenAPI document. */
export type RawClient = {
  readonly [Id in OperationId]: Record<never, never> extends RawInput<Id>
    ? (input?: RawInput<Id>, options?: CallOptions) => Promise<RawOutput<Id>>
    : (input: RawInput<Id>, options?: CallOptions) => Promise<RawOutput<Id>>;
};

/** Builds the methods from the table of operations. What stands in no table yet is loaded with the first call of its kind. */
export function createRaw(client: Client): RawClient {
  type Send = (input?: RequestParts, options?: CallOptions) => Promise<unknown>;
  const sender =
    (id: OperationId): Send =>
    (input = {}, options) => {
      const { body } = input as { body?: { getReader?: unknown } };
      const once = typeof body?.getReader === "function";
      return call(client, id, { ...input, once }, options);
    };
  const raw: Record<string, Send> = {};
  for (const id of Object.keys(routes)) raw[id] = sender(id as OperationId);
  for (const id of elsewhere)
    raw[id] = async (input, options) => {
      (await import("./extras/operations.ts")).addAllOperations();
      return sender(id as OperationId)(input, options);
    };
  return raw as unknown as RawClient;
}
