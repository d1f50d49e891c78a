/**
 * A sorted list of distinct strings in chunks, for indexes that hold many ids: adding at the end is a push, adding or
 * removing elsewhere moves one chunk and never the whole list, and a position is found without looking at every entry.
 */
export interface SortedList {
  size: number;
  readonly chunks: string[][];
}

const CHUNK = 512;

export const newSortedList = (): SortedList => ({ size: 0, chunks: [] });

/** The first index for which `isBefore` is false; `isBefore` must be true for a prefix only. */
function partition(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const lastOf = (chunk: readonly string[] | undefined): string => chunk?.[chunk.length - 1] ?? "";

const chunkFor = (list: SortedList, value: string): number =>
  partition(list.chunks.length, (index) => lastOf(list.chunks[index]) < value);

export function addSorted(list: SortedList, value: string): void {
  const { chunks } = list;
  const last = chunks[chunks.length - 1];
  if (last === undefined || lastOf(last) < value) {
    if (last === undefined || last.length >= CHUNK) chunks.push([value]);
    else last.push(value);
    list.size += 1;
    return;
  }
  const index = chunkFor(list, value);
  const chunk = chunks[index] ?? [];
  const at = partition(chunk.length, (i) => (chunk[i] ?? "") < value);
  if (chunk[at] === value) return;
  chunk.splice(at, 0, value);
  list.size += 1;
  if (chunk.length > CHUNK) chunks.splice(index + 1, 0, chunk.splice(CHUNK >>> 1));
}

export function removeSorted(list: SortedList, value: string): void {
  const index = chunkFor(list, value);
  const chunk = list.chunks[index];
  if (chunk === undefined) return;
  const at = partition(chunk.length, (i) => (chunk[i] ?? "") < value);
  if (chunk[at] !== value) return;
  chunk.splice(at, 1);
  list.size -= 1;
  if (chunk.length === 0) list.chunks.splice(index, 1);
}

/** How many entries come before the first for which `isBefore` is false; true must hold for a prefix only. */
export function rankWhere(list: SortedList, isBefore: (value: string) => boolean): number {
  const { chunks } = list;
  const index = partition(chunks.length, (i) => isBefore(lastOf(chunks[i])));
  let rank = 0;
  for (let i = 0; i < index; i += 1) rank += chunks[i]?.length ?? 0;
  const chunk = chunks[index];
  return chunk === undefined ? rank : rank + partition(chunk.length, (i) => isBefore(chunk[i] ?? ""));
}

/** The entries from position `from` up to but not including `to`, in order. */
export function sliceSorted(list: SortedList, from: number, to: number): string[] {
  const found: string[] = [];
  let position = 0;
  for (const chunk of list.chunks) {
    if (position >= to) break;
    if (position + chunk.length > from) {
      const end = Math.min(chunk.length, to - position);
      for (let i = Math.max(0, from - position); i < end; i += 1) found.push(chunk[i] ?? "");
    }
    position += chunk.length;
  }
  return found;
}

/** The entries from position `to - 1` down to `from`, one after the other. */
export function* descending(list: SortedList, from: number, to: number): Generator<string> {
  let end = list.size;
  for (let index = list.chunks.length - 1; index >= 0 && end > from; index -= 1) {
    const chunk = list.chunks[index] ?? [];
    const start = end - chunk.length;
    for (let i = Math.min(chunk.length, to - start) - 1; i >= 0 && start + i >= from; i -= 1) yield chunk[i] ?? "";
    end = start;
  }
}
