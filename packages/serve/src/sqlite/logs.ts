/** Log lines of commands: of each sandbox the newest, up to a number of lines and of characters. */
import type { Store, StoredLogLine } from "@porter-sandbox/api";
import type { Database } from "./database.ts";

export interface LogBounds {
  readonly lines: number;
  readonly chars: number;
}

interface Size {
  readonly lines: number;
  readonly chars: number;
}

/** How many of the first must go for the rest to fit. */
function surplus(sizes: readonly number[], bounds: LogBounds): number {
  let lines = 0;
  let chars = 0;
  for (let i = sizes.length - 1; i >= 0; i -= 1) {
    lines += 1;
    chars += sizes[i] ?? 0;
    if (lines > bounds.lines || chars > bounds.chars) return i + 1;
  }
  return 0;
}

export function logStore(db: Database, bounds: LogBounds): Pick<Store, "appendLogs" | "readLogs"> {
  const sizeOf = (id: string): Size => {
    const row = db.get("SELECT lines, chars FROM log_sizes WHERE sandbox_id = ?", id);
    return { lines: Number(row?.lines ?? 0), chars: Number(row?.chars ?? 0) };
  };

  /** Makes room for what is to come, and answers what is left then. */
  function trim(id: string, size: Size, coming: Size): Size {
    let { lines, chars } = size;
    const fits = () => lines + coming.lines <= bounds.lines && chars + coming.chars <= bounds.chars;
    if (fits()) return size;
    let last = -1;
    while (!fits()) {
      const oldest = db.all(
        "SELECT seq, chars FROM log_lines WHERE sandbox_id = ? AND seq > ? ORDER BY seq LIMIT 100",
        ...[id, last],
      );
      if (oldest.length === 0) break;
      for (const line of oldest) {
        if (fits()) break;
        last = Number(line.seq);
        lines -= 1;
        chars -= Number(line.chars);
      }
    }
    db.run("DELETE FROM log_lines WHERE sandbox_id = ? AND seq <= ?", id, last);
    return { lines, chars };
  }

  function append(id: string, lines: readonly StoredLogLine[]): void {
    const kept = lines.slice(
      surplus(
        lines.map(({ line }) => line.length),
        bounds,
      ),
    );
    const chars = kept.reduce((sum, { line }) => sum + line.length, 0);
    const former =
      kept.length < lines.length ? { lines: bounds.lines, chars: bounds.chars } : { lines: kept.length, chars };
    const left = trim(id, sizeOf(id), former);
    for (const { timestamp, line, level, exec_id } of kept) {
      db.run(
        "INSERT INTO log_lines (sandbox_id, timestamp, level, exec_id, line, chars) VALUES (?, ?, ?, ?, ?, ?)",
        ...[id, timestamp, level, exec_id, line, line.length],
      );
    }
    db.run(
      "INSERT OR REPLACE INTO log_sizes (sandbox_id, lines, chars) VALUES (?, ?, ?)",
      ...[id, left.lines + kept.length, left.chars + chars],
    );
  }

  return {
    async appendLogs(sandbox_id, lines) {
      if (lines.length === 0 || !db.get("SELECT 1 FROM sandboxes WHERE id = ?", sandbox_id)) return;
      // Output comes many times a second; waiting for the disk each time would slow the command down.
      db.writeSoon(() => append(sandbox_id, lines));
    },
    async readLogs(sandbox_id, { since, until, levels = [], exec_id, limit }) {
      const conditions = ["sandbox_id = ?", "timestamp >= ?"];
      const values: (string | number)[] = [sandbox_id, since];
      if (until !== undefined) {
        conditions.push("timestamp <= ?");
        values.push(until);
      }
      if (levels.length > 0) {
        conditions.push(`level IN (${levels.map(() => "?").join(", ")})`);
        values.push(...levels);
      }
      if (exec_id !== undefined) {
        conditions.push("exec_id = ?");
        values.push(exec_id);
      }
      const rows = db.all(
        `SELECT timestamp, line, level, exec_id FROM log_lines WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT ?`,
        ...values,
        limit,
      );
      return rows.reverse().map((row) => ({ ...row }) as unknown as StoredLogLine);
    },
  };
}
