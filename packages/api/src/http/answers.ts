/** Successes as responses. */

export const json = (value: unknown): Response =>
  new Response(JSON.stringify(value), { headers: { "Content-Type": "application/json" } });

export const none = (): Response => new Response(null, { status: 204 });
