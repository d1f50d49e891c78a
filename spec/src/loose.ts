/**
 * A request type as callers may write it: an explicit `undefined` in an optional property is the same as its absence, at
 * every depth and also under `exactOptionalPropertyTypes`, and arrays may be readonly.
 */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { [Key in keyof T]: Loose<T[Key]> | IfOptional<T, Key> }
    : T;

/** Entries of a record are not optional properties, though an object without any has its type. */
type IfOptional<T, Key extends keyof T> = string extends Key
  ? never
  : Record<never, never> extends Pick<T, Key>
    ? undefined
    : never;
