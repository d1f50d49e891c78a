/** Logs as JSON, one object a line: `time` (RFC 3339), `level`, `event`, and what belongs to the event. */

/** Takes one line, without the line end. */
export type LogSink = (line: string) => void;

export type LogLevel = "info" | "warn" | "error";

export type Log = (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Whoever read an output may go. That comes as an event, which ends a process that does not listen to it. */
export function goOnWithout(output: NodeJS.WriteStream): void {
  if (output.listenerCount("error") === 0) output.on("error", () => {});
}

export const stderrSink: LogSink = (line) => {
  goOnWithout(process.stderr);
  process.stderr.write(`${line}\n`);
};

/** A sink that fails does not take the server with it. */
export const createLog =
  (sink: LogSink): Log =>
  (level, event, fields = {}) => {
    try {
      sink(JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }));
    } catch {
      // There is no other place to tell of it.
    }
  };

/** What a log says of an error: name, message and stack, and those of its causes; never its other properties. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { error: typeof error };
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  return {
    error: `${error.name}: ${error.message}`,
    ...(causes.length > 0 && { causes }),
    ...(error.stack && {
      stack: error.stack
        .split("\n")
        .slice(1, 12)
        .map((line) => line.trim()),
    }),
  };
}
