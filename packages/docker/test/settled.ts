/** Resolves when all promises that need no timer and no connection have gone as far as they can. */
export const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 0));
