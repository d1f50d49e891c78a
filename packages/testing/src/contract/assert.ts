/** A case did not hold. Its message says what was expected and what came instead. */
class ContractFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ContractFailure";
  }
}

/** A value in words, cut to a readable length. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "function" || typeof value === "symbol") return String(value);
  let text: string;
  try {
    text =
      JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text;
}

export function fail(message: string): never {
  throw new ContractFailure(message);
}

/** Holds when `condition` is truthy. */
export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Deep equality of plain data: numbers, strings, arrays, byte arrays and objects. Absent and `undefined` are the same. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const [left, right] = [bytesOf(a), bytesOf(b)];
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function notEqual(actual: unknown, unexpected: unknown, what: string): void {
  if (same(actual, unexpected)) fail(`${what}: expected anything but ${show(unexpected)}`);
}

/** Holds when `text` is a string with `part` in it, or matches it. */
export function includes(text: unknown, part: string | RegExp, what: string): void {
  const holds = typeof text === "string" && (typeof part === "string" ? text.includes(part) : part.test(text));
  if (!holds) fail(`${what}: expected ${typeof part === "string" ? show(part) : String(part)} in ${show(text)}`);
}

export function excludes(text: string, part: string, what: string): void {
  if (text.includes(part)) fail(`${what}: expected no ${show(part)} in ${show(text)}`);
}

export function isNonEmpty(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string" || value === "")
    fail(`${what}: expected a string that is not empty, got ${show(value)}`);
}

export function isInteger(value: unknown, what: string): asserts value is number {
  if (!Number.isInteger(value)) fail(`${what}: expected an integer, got ${show(value)}`);
}

/** Holds for an RFC 3339 time with a zone; answers it in milliseconds. */
export function timeOf(value: unknown, what: string): number {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) {
    return fail(`${what}: expected an RFC 3339 time, got ${show(value)}`);
  }
  return Date.parse(value);
}

/** What is known of an error, without its class: copies of a class in two bundles are two classes. */
interface ErrorShape {
  readonly name?: string | RegExp;
  readonly code?: string | RegExp;
  readonly message?: string | RegExp;
  readonly [field: string]: unknown;
}

/** An error as the cases read it. */
type CaughtError = Error & Record<string, unknown>;

/** Holds when `promise` rejects with an error of this shape; answers the error. */
export async function rejects(promise: PromiseLike<unknown>, shape: ErrorShape, what: string): Promise<CaughtError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return matches(error, shape, what);
  }
  return fail(`${what}: expected ${show(shape)}, but it resolved with ${show(value)}`);
}

/** Holds when calling `run` throws or rejects with an error of this shape. */
export function throws(run: () => unknown, shape: ErrorShape, what: string): Promise<CaughtError> {
  return rejects((async () => run())(), shape, what);
}

function matches(error: unknown, shape: ErrorShape, what: string): CaughtError {
  if (typeof error !== "object" || error === null) return fail(`${what}: expected an error, got ${show(error)}`);
  const caught = error as CaughtError;
  for (const [field, expected] of Object.entries(shape)) {
    const actual = caught[field];
    const holds =
      Object.prototype.toString.call(expected) === "[object RegExp]"
        ? typeof actual === "string" && (expected as RegExp).test(actual)
        : same(actual, expected);
    if (!holds) {
      fail(
        `${what}: expected ${field} ${Object.prototype.toString.call(expected) === "[object RegExp]" ? String(expected) : show(expected)}, got ${show(actual)} (${show(`${caught.name}: ${caught.message}`)})`,
      );
    }
  }
  return caught;
}
