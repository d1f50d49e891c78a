import type { OperationId } from "@porter-sandbox/spec/operations";
import { MalformedResponseError } from "../errors/client-errors.ts";
import { checkResponse, type Fault } from "../validation.ts";
import { keptBody, requestIdOf } from "./failures.ts";
import type { Reader } from "./request.ts";
import { isJson, routeOf } from "./routes.ts";

/** Reads JSON and checks it against the spec: unknown fields and values pass, a missing or mistyped field does not. */
export const readJson: Reader<unknown> = async (response, what, id, sent) => {
  const text = await response.text();
  let body: unknown;
  let fault: Fault | undefined;
  try {
    body = JSON.parse(text);
    fault = checkResponse(id, body);
  } catch {
    fault = { field: "", message: "the body cannot be read as JSON" };
  }
  if (fault === undefined) return body;
  throw new MalformedResponseError(`${what} answered ${response.status}, but ${fault.message}`, {
    code: "malformed_response",
    statusCode: response.status,
    requestId: requestIdOf(response),
    body: keptBody(text, sent),
    admitted: true,
    field: fault.field,
  });
};

async function readBytes(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Reads to the end, so that the connection can be used again, and keeps nothing. */
async function readNothing(response: Response): Promise<undefined> {
  if (response.body) await response.text();
}

/** How to read the success of an operation, by what the spec says that it carries. */
export function readerOf(id: OperationId): Reader<unknown> {
  const { response } = routeOf(id);
  return isJson(response) ? readJson : response === "none" ? readNothing : readBytes;
}
