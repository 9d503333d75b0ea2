// What a failure means, and how long to wait after it.
// Rule: what the server asks for goes first; without a word from it the waits double, so that clients never make an outage worse.

/** `transient`: ask again later; `ended`: the same, and nobody need hear of it; `identity`: the token was not believed; `final`: it would fail again. */
export type FailureKind = "transient" | "ended" | "identity" | "final";

export interface Failure {
  readonly kind: FailureKind;
  /** The server's code. */
  readonly code?: string | undefined;
  readonly retryAfterMs?: number | null | undefined;
}

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
const LONGEST_ASKED_MS = 3_600_000;
/** So many retries may be quicker than the polling interval. */
export const QUICK_RETRIES = 3;

/** Milliseconds to wait after failure number `failures` in a row, counted from 0. `random` is from 0 up to 1. */
export function backoffMs(failures: number, random: number, intervalMs = 0, retryAfterMs?: number | null): number {
  if (retryAfterMs) return Math.floor(Math.min(retryAfterMs, LONGEST_ASKED_MS) * (1 + random / 2));
  const wait = Math.floor(Math.min(FIRST_MS * 2 ** failures, LONGEST_MS) * (0.5 + random / 2));
  return failures < QUICK_RETRIES ? wait : Math.max(wait, intervalMs);
}

const TRANSIENT_CODES = ["UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"];
const TRANSIENT_STATUSES = [200, 408, 425, 429];
// Close codes of a WebSocket: RFC 6455's, and those of the protocol graphql-transport-ws.
const ENDED = [1000, 1001, 1012];
const IDENTITY = [4401, 4403];
const FINAL = [4400, 4406, 4409];

export interface Symptoms {
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly closeCode?: number | undefined;
}

/** What a failure is, by what is known of it: an HTTP status, a code of `errors`, a WebSocket's close code, or nothing. */
export function classify({ status, code, closeCode }: Symptoms): FailureKind {
  if (closeCode) {
    if (ENDED.includes(closeCode)) return "ended";
    return IDENTITY.includes(closeCode) ? "identity" : FINAL.includes(closeCode) ? "final" : "transient";
  }
  if (code === "UNAUTHENTICATED" || (!code && status === 401)) return "identity";
  const isTransient = code ? TRANSIENT_CODES.includes(code) : !status || TRANSIENT_STATUSES.includes(status);
  return isTransient || status! >= 500 ? "transient" : "final";
}
