import { type OperationId, operations } from "@porter-sandbox/spec/operations";

interface Route {
  readonly operation: OperationId;
  readonly method: string;
  readonly names: readonly string[];
}

const routes: readonly Route[] = (Object.keys(operations) as OperationId[])
  .map((operation) => {
    const { method, path } = operations[operation];
    return { operation, method, names: path.split("/") };
  })
  // A path that is written out wins over one with an id in that place.
  .sort((a, b) => a.names.filter(isId).length - b.names.filter(isId).length);

/** The operation that a method and a path mean; undefined when it is none of the API's. */
export function operationOf(method: string, path: string): OperationId | undefined {
  const names = path.split("/");
  return routes.find(
    (route) =>
      route.method === method &&
      route.names.length === names.length &&
      route.names.every((name, index) => (isId(name) ? names[index] !== "" : name === names[index])),
  )?.operation;
}

function isId(name: string): boolean {
  return name.startsWith("{");
}
