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
    const { type } = input;
    const waits = this.wakeAt !== null;
    if (type === "acknowledged") return { do: "done" };
    if (type === "failed") return this.#failed(at, input.failure);
    const isDue = type === "start" || (waits && (type === "online" ? !this.#asked : this.wakeAt! <= at));
    return isDue ? this.#send() : null;
  }

  #send(renewed?: { readonly renewToken: true }): SendAction {
    this.wakeAt = null;
    return { do: "send", attempt: (this.#attempt += 1), ...renewed };
  }

  #failed(at: number, { kind, code, retryAfterMs }: Failure): SendAction | null {
    const isIdentity = kind === "identity";
    if (isIdentity && this.tokenRenewable && !this.#renewed) {
      this.#renewed = true;
      return this.#send({ renewToken: true });
    }
    const isDefect = code === "INTERNAL_SERVER_ERROR" && this.#attempt > QUICK_RETRIES;
    if (kind === "final" || isIdentity || isDefect) return { do: "fail", code: code ?? (isIdentity ? "UNAUTHENTICATED" : "NETWORK") };
    this.wakeAt = at + backoffMs(this.#failures, this.random(), 0, retryAfterMs);
    this.#failures += 1;
    this.#asked = !!retryAfterMs;
    return null;
  }
}
