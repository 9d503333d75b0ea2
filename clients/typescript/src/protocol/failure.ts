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

// The contract's codes and those of the protocols below; any other code is one of the request's own faults.
const TRANSIENT_CODES = ["UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"];
const TRANSIENT_STATUSES = [200, 408, 425, 429];
const ENDED = [1000, 1001, 1012];
const IDENTITY_CLOSES = [4401, 4403];
const FINAL_CLOSES = [4400, 4406, 4409];

/** What a failure is, by what is known of it: an HTTP status, a code of `errors`, a WebSocket's close code, or nothing. */
export function classify({ status, code, closeCode }: { status?: number; code?: string; closeCode?: number }): FailureKind {
  if (closeCode) {
    if (ENDED.includes(closeCode)) return "ended";
    return IDENTITY_CLOSES.includes(closeCode) ? "identity" : FINAL_CLOSES.includes(closeCode) ? "final" : "transient";
  }
  if (code === "UNAUTHENTICATED" || (!code && status === 401)) return "identity";
  if (TRANSIENT_CODES.includes(code!) || !(code || status) || status! >= 500) return "transient";
  return !code && TRANSIENT_STATUSES.includes(status!) ? "transient" : "final";
}
