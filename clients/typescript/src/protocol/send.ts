// One message on its way, as pure state (clients/VECTORS.md).
// Rule: it is tried until the server has it or says that it never will; every attempt carries the same clientMessageId.
import { backoffMs, type Failure, QUICK_RETRIES } from "./failure.js";

export type SendInput = { readonly type: "start" | "tick" | "acknowledged" | "online" } | { readonly type: "failed"; readonly failure: Failure };

export type SendAction =
  | { readonly do: "send"; readonly attempt: number; readonly renewToken?: true }
  | { readonly do: "done" }
  | { readonly do: "fail"; readonly code: string };

export class SendMachine {
  /** When to tick next; null while waiting for something else. */
  wakeAt: number | null = null;
  #attempt = 0;
  #failures = 0;
  #renewed = false;
  /** Whether the server asked for the wait. */
  #asked = false;

  constructor(
    readonly random: () => number,
    readonly tokenRenewable = true,
  ) {}

  /** Take in what happened at the time `at`; returns what to do, if anything. */
  take(at: number, input: SendInput): SendAction | null {
    switch (input.type) {
      case "start":
        return this.#send();
      case "tick":
        return this.wakeAt !== null && this.wakeAt <= at ? this.#send() : null;
      case "online":
        return this.wakeAt !== null && !this.#asked ? this.#send() : null;
      case "acknowledged":
        return { do: "done" };
      case "failed":
        return this.#failed(at, input.failure);
    }
  }

  #send(renewToken = false): SendAction {
    this.wakeAt = null;
    this.#attempt += 1;
    return { do: "send", attempt: this.#attempt, ...(renewToken && { renewToken }) };
  }

  #failed(at: number, { kind, code, retryAfterMs }: Failure): SendAction | null {
    if (kind === "identity" && this.tokenRenewable && !this.#renewed) {
      this.#renewed = true;
      return this.#send(true);
    }
    const isDefect = code === "INTERNAL_SERVER_ERROR" && this.#attempt > QUICK_RETRIES;
    if (kind === "final" || kind === "identity" || isDefect) {
      return { do: "fail", code: code ?? (kind === "identity" ? "UNAUTHENTICATED" : "NETWORK") };
    }
    this.wakeAt = at + backoffMs(this.#failures, this.random(), 0, retryAfterMs);
    this.#failures += 1;
    this.#asked = !!retryAfterMs;
    return null;
  }
}
