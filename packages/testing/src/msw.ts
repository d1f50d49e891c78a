import { type HttpHandler, HttpResponse, http } from "msw";
import { isConnectionBroken } from "./apply-fault.ts";
import type { FetchLike } from "./gateway.ts";

/**
 * A fake as handlers for Mock Service Worker: code that calls the global `fetch` reaches it, and nothing has to be
 * passed in.
 *
 * @param options.baseUrl Where the code under test expects the API; a path in it is taken off before the fake sees it.
 *
 * @example
 * ```ts
 * const server = setupServer(...fakeHandlers(fake, { baseUrl: "https://sandbox.example" }));
 * ```
 */
export function fakeHandlers(fake: { readonly fetch: FetchLike }, options: { baseUrl: string }): HttpHandler[] {
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, "");
  const handler = http.all(`${base.origin}${prefix}/*`, async ({ request }) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.slice(prefix.length);
    try {
      return await fake.fetch(prefix === "" ? request : new Request(url, request));
    } catch (error) {
      // Whoever gave the request up hears of that already.
      if (isConnectionBroken(error) || request.signal.aborted) return HttpResponse.error();
      throw error;
    }
  });
  return [handler];
}
