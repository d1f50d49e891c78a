/** @throws Error that names the option, when the text is no whole number of at least `least`. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new Error(`${option}: must be a whole number of at least ${least} (got ${text})`);
}
