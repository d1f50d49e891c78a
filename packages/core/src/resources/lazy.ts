/**
 * An object whose methods are the functions of those names in a module that the first call loads; `first` are their first
 * arguments. It costs an application no more than the names.
 */
export const lazily = <T>(load: () => Promise<object>, names: string, ...first: unknown[]) =>
  Object.fromEntries(
    names
      .split(" ")
      .map((name) => [
        name,
        async (...given: unknown[]) =>
          ((await load()) as Record<string, (...all: unknown[]) => unknown>)[name]?.(...first, ...given),
      ]),
  ) as T;
