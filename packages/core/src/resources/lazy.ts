/**
 * An object whose methods are the functions of those names in a module that the first call loads; `first` are their first
 * arguments. It costs an application no more than the names.
 */
export function lazily<T>(load: () => Promise<object>, names: string, ...first: unknown[]): T {
  const methods: Record<string, (...given: unknown[]) => Promise<unknown>> = {};
  for (const name of names.split(" "))
    methods[name] = async (...given) =>
      ((await load()) as Record<string, (...all: unknown[]) => unknown>)[name]?.(...first, ...given);
  return methods as T;
}
