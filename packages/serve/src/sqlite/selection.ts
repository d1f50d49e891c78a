/**
 * Which sandboxes a query selects, as SQL. Ids sort by creation, so a window of time is a range of ids, and every index
 * that ends with the id serves it. One filter alone is answered by its index; of several, the one that selects the
 * fewest leads, and the others are checked on what it finds.
 */
import type { SQLInputValue } from "node:sqlite";
import type { SandboxQuery } from "@porter-sandbox/api";
import type { Database } from "./database.ts";

/** Behind every id and every name. */
const LAST = "\u{10ffff}";

/** Enough to tell a small index from a large one. */
const MOST_COUNTED = 10_000;

/** Ids from the first up to but not including the second. */
export type IdRange = readonly [from: string, before: string];

/** A condition with its values. */
interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** A place to find ids in: an index and the part of it. Its rows are called `d`. */
interface Source extends Condition {
  readonly table: string;
  /** Whether its entries come in the order of ids. */
  readonly sorted: boolean;
  /** Which totals are kept of it; none for prefixes of names. */
  readonly totals?: readonly string[];
}

export interface Selection {
  readonly range: IdRange;
  readonly source: Source;
  /** On the sandbox, called `s`. */
  readonly rest: readonly Condition[];
}

const firstFrom = (db: Database, comparison: ">=" | ">", at: number): string =>
  String(
    db.get(`SELECT id FROM sandboxes WHERE created_at ${comparison} ? ORDER BY created_at, id LIMIT 1`, at)?.id ?? LAST,
  );

/** The ids of the sandboxes created at or after `from`, and not after `to`. */
export function idsBetween(db: Database, from: number | undefined, to: number | undefined): IdRange {
  return [from === undefined ? "" : firstFrom(db, ">=", from), to === undefined ? LAST : firstFrom(db, ">", to)];
}

/** The first id created at or after a time. */
export const idAt = (db: Database, at: number): string => firstFrom(db, ">=", at);

const marks = (values: readonly unknown[]): string => values.map(() => "?").join(", ");

/** Every filter twice: as a place to begin, and as a condition on what another one found. */
function filtersOf(query: SandboxQuery): { source: Source; condition: Condition }[] {
  const filters: { source: Source; condition: Condition }[] = [];
  const add = (table: string, column: string, sql: string, values: readonly string[], sorted: boolean) =>
    filters.push({
      source: {
        ...{ table, sql: sql.replaceAll("@", `d.${column}`), values, sorted },
        ...(column !== "name" && { totals: values.map((value) => `${column}=${value}`) }),
      },
      condition: { sql: sql.replaceAll("@", `s.${column}`), values },
    });
  for (const tag of new Set(query.tags?.map(([key, value]) => `${key}=${value}`))) {
    filters.push({
      source: { table: "tags d", sql: "d.tag = ?", values: [tag], sorted: true, totals: [`tag=${tag}`] },
      condition: { sql: "EXISTS (SELECT 1 FROM tags t WHERE t.tag = ? AND t.id = s.id)", values: [tag] },
    });
  }
  if (query.image !== undefined) {
    add("sandboxes d INDEXED BY sandboxes_by_image", "image", "@ = ?", [query.image], true);
  }
  const phases = [...new Set(query.phases ?? [])];
  if (phases.length > 0) {
    add("sandboxes d INDEXED BY sandboxes_by_phase", "phase", `@ IN (${marks(phases)})`, phases, phases.length === 1);
  }
  const prefix = query.name_prefix;
  if (prefix) {
    add("sandboxes d INDEXED BY sandboxes_by_name", "name", "@ >= ? AND @ < ?", [prefix, prefix + LAST], false);
  }
  return filters;
}

const everything: Source = { table: "sandboxes d", sql: "TRUE", values: [], sorted: true, totals: ["all"] };

export function select(db: Database, query: SandboxQuery): Selection {
  const range = idsBetween(db, query.created_from, query.created_to);
  const filters = filtersOf(query);
  const [only] = filters;
  if (only === undefined || filters.length === 1) return { range, source: only?.source ?? everything, rest: [] };
  let leading = only;
  let fewest = Infinity;
  for (const filter of filters) {
    const { table, sql, values } = filter.source;
    const bounded = `SELECT 1 FROM ${table} WHERE ${sql} AND d.id >= ? AND d.id < ? LIMIT ${MOST_COUNTED}`;
    const size = Number(db.get(`SELECT count(*) AS n FROM (${bounded})`, ...values, ...range)?.n ?? 0);
    if (size < fewest) [leading, fewest] = [filter, size];
  }
  const rest = filters.filter((filter) => filter !== leading).map(({ condition }) => condition);
  return { range, source: leading.source, rest };
}

/** `FROM … WHERE …` with its values. CROSS JOIN keeps SQLite from turning the order around. */
export function fromClause({ source, rest, range }: Selection, withRecord = false): Condition {
  const join = rest.length > 0 || withRecord ? " CROSS JOIN sandboxes s ON s.id = d.id" : "";
  const conditions = [source, { sql: "d.id >= ? AND d.id < ?", values: range }, ...rest];
  return {
    sql: `FROM ${source.table}${join} WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`,
    values: conditions.flatMap(({ values }) => values),
  };
}

const countOf = (db: Database, { sql, values }: Condition): number =>
  Number(db.get(`SELECT count(*) AS n ${sql}`, ...values)?.n ?? 0);

/** From the totals where they are kept. Up to a time, as when one walks through pages, only what came after it is counted. */
export function countSelected(db: Database, selection: Selection): number {
  const { source, rest, range } = selection;
  const [from, before] = range;
  if (source.totals === undefined || rest.length > 0 || from !== "") return countOf(db, fromClause(selection));
  const kept = `SELECT sum(n) AS n FROM totals WHERE what IN (${marks(source.totals)})`;
  const total = Number(db.get(kept, ...source.totals)?.n ?? 0);
  return before === LAST ? total : total - countOf(db, fromClause({ ...selection, range: [before, LAST] }));
}

/** Ids, newest first. */
export function idsSelected(db: Database, selection: Selection, offset: number, limit: number): string[] {
  const { sql, values } = pageClause(selection, offset, limit);
  return db.all(sql, ...values).map(({ id }) => String(id));
}

export function pageClause(selection: Selection, offset: number, limit: number): Condition {
  const { source, rest } = selection;
  if (source.sorted || rest.length > 0 || !source.sql.includes(" IN ")) {
    const { sql, values } = fromClause(selection);
    return { sql: `SELECT d.id AS id ${sql} ORDER BY d.id DESC LIMIT ? OFFSET ?`, values: [...values, limit, offset] };
  }
  // Several phases: of each the newest that could be on the page, and of them together the page.
  const parts = source.values.map((phase) =>
    fromClause({ ...selection, source: { ...source, sql: "d.phase = ?", values: [phase] } }),
  );
  const newest = parts.map(({ sql }) => `SELECT * FROM (SELECT d.id AS id ${sql} ORDER BY d.id DESC LIMIT ?)`);
  return {
    sql: `${newest.join(" UNION ALL ")} ORDER BY id DESC LIMIT ? OFFSET ?`,
    values: [...parts.flatMap(({ values }) => [...values, offset + limit]), limit, offset],
  };
}
