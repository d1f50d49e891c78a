/** Numbers that both sides keep to. */

/** Bytes of a file that is written, at most. */
export const MAX_FILE_BYTES = 2 ** 30;
/** Bytes of a JSON body, at most, unless a server says otherwise. */
export const MAX_JSON_BYTES = 2 ** 20;
/** Log lines in one answer, at most. */
export const MAX_LOG_LINES = 5000;
/** Log lines in one answer to a query without a `limit`. */
export const DEFAULT_LOG_LINES = 500;
/** Sandboxes on a page. */
export const PAGE_SIZE = 50;
/** Entries that a listing of files walks through. */
export const WALK_BUDGET = 1000;
/** Buckets in an answer to counts. */
export const COUNT_BUCKETS = 60;
