/**
 * The indexes over sandboxes, and the choice among them: a page or a count by one filter touches only the page, by
 * several only the smallest index that one of them names.
 */
import { type FilterValues, PHASES, type Phase, type SandboxQuery, type SandboxRecord } from "../store.ts";
import {
  addSorted,
  descending,
  newSortedList,
  rankWhere,
  removeSorted,
  type SortedList,
  sliceSorted,
} from "./sorted-list.ts";

/** An index entry: most tags are on one sandbox only, so a list is made for the second. */
type Ids = string | SortedList;

export interface SandboxIndex {
  readonly records: Map<string, SandboxRecord>;
  readonly all: SortedList;
  /** Names of sandboxes that are still remembered, for prefixes. */
  readonly names: SortedList;
  readonly nameToId: Map<string, string>;
  readonly byTag: Map<string, Ids>;
  readonly byImage: Map<string, Ids>;
  readonly byPhase: Readonly<Record<Phase, SortedList>>;
}

export const newSandboxIndex = (): SandboxIndex => ({
  records: new Map(),
  all: newSortedList(),
  names: newSortedList(),
  nameToId: new Map(),
  byTag: new Map(),
  byImage: new Map(),
  byPhase: {
    queued: newSortedList(),
    creating: newSortedList(),
    running: newSortedList(),
    succeeded: newSortedList(),
    failed: newSortedList(),
    terminated: newSortedList(),
  },
});

const asList = (ids: Ids | undefined): SortedList => {
  if (ids === undefined) return newSortedList();
  return typeof ids === "string" ? { size: 1, chunks: [[ids]] } : ids;
};

function addTo(index: Map<string, Ids>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) {
    index.set(key, id);
    return;
  }
  const list = asList(ids);
  addSorted(list, id);
  if (list !== ids) index.set(key, list);
}

function removeFrom(index: Map<string, Ids>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) return;
  if (ids === id) index.delete(key);
  if (typeof ids === "string") return;
  removeSorted(ids, id);
  if (ids.size === 0) index.delete(key);
}

export function addToIndex(index: SandboxIndex, record: SandboxRecord): void {
  index.records.set(record.id, record);
  addSorted(index.all, record.id);
  addSorted(index.names, record.name);
  index.nameToId.set(record.name, record.id);
  addTo(index.byImage, record.image, record.id);
  addSorted(index.byPhase[record.phase], record.id);
  for (const key in record.tags) addTo(index.byTag, `${key}=${record.tags[key]}`, record.id);
}

export function changeInIndex(index: SandboxIndex, before: SandboxRecord, after: SandboxRecord): void {
  index.records.set(after.id, after);
  if (before.phase === after.phase) return;
  removeSorted(index.byPhase[before.phase], after.id);
  addSorted(index.byPhase[after.phase], after.id);
}

export function removeFromIndex(index: SandboxIndex, record: SandboxRecord): void {
  index.records.delete(record.id);
  removeSorted(index.all, record.id);
  removeSorted(index.names, record.name);
  index.nameToId.delete(record.name);
  removeFrom(index.byImage, record.image, record.id);
  removeSorted(index.byPhase[record.phase], record.id);
  for (const key in record.tags) removeFrom(index.byTag, `${key}=${record.tags[key]}`, record.id);
}

/** Part of a list: positions from `low` up to but not including `high`. */
interface Range {
  readonly list: SortedList;
  readonly low: number;
  readonly high: number;
}

type Window = Pick<SandboxQuery, "created_from" | "created_to">;

const createdAt = (index: SandboxIndex, id: string): number => index.records.get(id)?.created_at ?? 0;

function windowOf(index: SandboxIndex, list: SortedList, { created_from, created_to }: Window): Range {
  const low = created_from === undefined ? 0 : rankWhere(list, (id) => createdAt(index, id) < created_from);
  const high = created_to === undefined ? list.size : rankWhere(list, (id) => createdAt(index, id) <= created_to);
  return { list, low, high: Math.max(low, high) };
}

const sizeOf = (ranges: readonly Range[]): number => ranges.reduce((sum, { low, high }) => sum + high - low, 0);

/** Newest first over several lists that share no entry. */
function* mergeDescending(ranges: readonly Range[]): Generator<string> {
  const heads: { id: string; rest: Generator<string> }[] = [];
  for (const { list, low, high } of ranges) {
    const rest = descending(list, low, high);
    const first = rest.next();
    if (!first.done) heads.push({ id: first.value, rest });
  }
  while (heads.length > 0) {
    let newest = 0;
    for (let i = 1; i < heads.length; i += 1) if ((heads[i]?.id ?? "") > (heads[newest]?.id ?? "")) newest = i;
    const head = heads[newest];
    if (head === undefined) return;
    yield head.id;
    const next = head.rest.next();
    if (next.done) heads.splice(newest, 1);
    else head.id = next.value;
  }
}

/** What a query selects: whole ranges of indexes, or, with several filters, the ids that were found, newest first. */
type Selection = { readonly ranges: readonly Range[] } | { readonly ids: readonly string[] };

/** The names with this prefix form one range: from the prefix itself up to the first name that sorts behind all of them. */
function namesWith(index: SandboxIndex, prefix: string): Range {
  const low = rankWhere(index.names, (name) => name < prefix);
  const high = rankWhere(index.names, (name) => name < prefix || name.startsWith(prefix));
  return { list: index.names, low, high };
}

function matches(record: SandboxRecord, query: SandboxQuery): boolean {
  if (query.created_from !== undefined && record.created_at < query.created_from) return false;
  if (query.created_to !== undefined && record.created_at > query.created_to) return false;
  if (query.image !== undefined && record.image !== query.image) return false;
  if (query.phases !== undefined && query.phases.length > 0 && !query.phases.includes(record.phase)) return false;
  if (query.name_prefix !== undefined && !record.name.startsWith(query.name_prefix)) return false;
  return (query.tags ?? []).every(
    ([key, value]) => record.tags !== undefined && Object.hasOwn(record.tags, key) && record.tags[key] === value,
  );
}

function select(index: SandboxIndex, query: SandboxQuery): Selection {
  const ranged = (lists: SortedList[]) => lists.map((list) => windowOf(index, list, query));
  const choices: Range[][] = [];
  for (const tag of new Set(query.tags?.map(([key, value]) => `${key}=${value}`))) {
    choices.push(ranged([asList(index.byTag.get(tag))]));
  }
  if (query.image !== undefined) choices.push(ranged([asList(index.byImage.get(query.image))]));
  if (query.phases !== undefined && query.phases.length > 0) {
    choices.push(ranged([...new Set(query.phases)].map((phase) => index.byPhase[phase])));
  }
  const names = query.name_prefix ? namesWith(index, query.name_prefix) : undefined;
  const [only] = choices;
  if (names === undefined && choices.length <= 1) return { ranges: only ?? ranged([index.all]) };

  const smallest = choices.reduce<Range[] | undefined>(
    (best, choice) => (best === undefined || sizeOf(choice) < sizeOf(best) ? choice : best),
    undefined,
  );
  const byName = names !== undefined && (smallest === undefined || names.high - names.low < sizeOf(smallest));
  const candidates = byName
    ? sliceSorted(names.list, names.low, names.high).map((name) => index.nameToId.get(name) ?? "")
    : [...mergeDescending(smallest ?? [])];
  const ids = candidates.filter((id) => {
    const record = index.records.get(id);
    return record !== undefined && matches(record, query);
  });
  if (byName) ids.sort((a, b) => (a < b ? 1 : -1));
  return { ids };
}

export function pageOf(
  index: SandboxIndex,
  query: SandboxQuery,
  { offset, limit }: { offset: number; limit: number },
): { sandboxes: SandboxRecord[]; total: number } {
  const selection = select(index, query);
  const total = "ids" in selection ? selection.ids.length : sizeOf(selection.ranges);
  const ids =
    "ids" in selection ? selection.ids.slice(offset, offset + limit) : newestOf(selection.ranges, offset, limit);
  const sandboxes: SandboxRecord[] = [];
  for (const id of ids) {
    const record = index.records.get(id);
    if (record !== undefined) sandboxes.push(record);
  }
  return { sandboxes, total };
}

function newestOf(ranges: readonly Range[], offset: number, limit: number): string[] {
  const [range] = ranges;
  if (ranges.length === 1 && range !== undefined) {
    const to = Math.max(range.low, range.high - offset);
    return sliceSorted(range.list, Math.max(range.low, to - limit), to).reverse();
  }
  const ids: string[] = [];
  let skipped = 0;
  for (const id of mergeDescending(ranges)) {
    if (ids.length >= limit) break;
    if (skipped < offset) skipped += 1;
    else ids.push(id);
  }
  return ids;
}

export function countsOf(
  index: SandboxIndex,
  query: SandboxQuery,
  { start, width_ms, count }: { start: number; width_ms: number; count: number },
): number[] {
  const counts = new Array<number>(count).fill(0);
  const end = start + width_ms * count;
  const from = Math.max(start, query.created_from ?? start);
  const to = Math.min(end, query.created_to ?? end);
  const selection = select(index, { ...query, created_from: from, created_to: to });
  if ("ids" in selection) {
    for (const id of selection.ids) {
      const bucket = Math.min(count - 1, Math.floor((createdAt(index, id) - start) / width_ms));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    return counts;
  }
  for (const { list, low, high } of selection.ranges) {
    let before = low;
    for (let bucket = 0; bucket < count && before < high; bucket += 1) {
      const edge = start + width_ms * (bucket + 1);
      const next =
        bucket === count - 1
          ? high
          : Math.min(
              high,
              rankWhere(list, (id) => createdAt(index, id) < edge),
            );
      counts[bucket] = (counts[bucket] ?? 0) + Math.max(0, next - before);
      before = Math.max(before, next);
    }
  }
  return counts;
}

export function filterValuesOf(index: SandboxIndex, window: Window, limit: number): FilterValues {
  const whole = window.created_from === undefined && window.created_to === undefined;
  const occurs = (list: SortedList): boolean => {
    const { low, high } = windowOf(index, list, window);
    return high > low;
  };
  const keysOf = (lists: Map<string, Ids>): string[] => {
    const keys: string[] = [];
    for (const [key, ids] of lists) if (key !== "" && (whole || occurs(asList(ids)))) keys.push(key);
    return keys.sort().slice(0, limit);
  };
  return {
    tags: keysOf(index.byTag),
    images: keysOf(index.byImage),
    phases: PHASES.filter((phase) => occurs(index.byPhase[phase])),
  };
}

/** Sandboxes with an id greater than `after`, oldest first. */
export function scanOf(index: SandboxIndex, after: string, limit: number): SandboxRecord[] {
  const from = rankWhere(index.all, (id) => id <= after);
  return sliceSorted(index.all, from, from + limit).flatMap((id) => index.records.get(id) ?? []);
}
