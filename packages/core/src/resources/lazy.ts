/**
 * What a caller gave, as it is now: they may change their lists and records while code is loaded, or a sandbox boots.
 * What is no plain list or record is what it was.
 */
export function asGiven<T>(given: T): T {
  if (Array.isArray(given)) return given.map(asGiven) as T;
  return given?.constructor === Object ? (Object.fromEntries(asGiven(Object.entries(given))) as T) : given;
}

/**
 * An object whose methods are the functions of those names in a module that the first call loads; `first` are their first
 * arguments. It costs an application no more than the names.
 */
export function lazily<T>(load: () => Promise<object>, names: string, ...first: unknown[]): T {
  const methods: Record<string, (...given: unknown[]) => Promise<unknown>> = {};
  for (const name of names.split(" "))
    methods[name] = async (...given) => {
      const now = asGiven(given);
      return ((await load()) as Record<string, (...all: unknown[]) => unknown>)[name]?.(...first, ...now);
    };
  return methods as T;
}
