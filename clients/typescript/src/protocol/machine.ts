// When to ask for a page, and with what, as pure state: inputs with their times go in, actions come out (clients/VECTORS.md).
// Rule: at most one request is under way, and it continues exactly where the last page that was taken in ended.
import type { SyncPageFields } from "../generated/operations.js";
import type { TransportName } from "../measurements.js";
import { backoffMs, type Failure } from "./failure.js";
import type { Delta, News, SyncEvent } from "./news.js";

/** As long as the server may hold a request: less than what proxies commonly allow. */
export const HELD_MS = 25_000;
const FIRST_INTERVAL_MS = 5000;
/** No interval is shorter, and no two requests begin closer together but for what the server says is waiting. */
const SHORTEST_MS = 100;
/** Between what was cancelled and what follows, between requests around `offline`, and between two renewals of a token. */
const SPACING_MS = 1000;
const STABLE_MS = 10_000;

export type Input =
  | { readonly type: "start" | "tick" | "offline" | "online" | "hidden" | "visible" | "close" }
  | { readonly type: "page"; readonly id: number; readonly page: SyncPageFields }
  | { readonly type: "notModified"; readonly id: number; readonly intervalMs: number | null }
  | { readonly type: "opened"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failure }
  | { readonly type: "scope"; readonly channelIds: readonly string[] | null };

export interface SyncRequest {
  readonly do: "request";
  readonly id: number;
  readonly token: string | null;
  readonly channelIds: readonly string[] | null;
  readonly waitMs: number;
  readonly stream: boolean;
  /** A new bearer token is needed first. */
  readonly renewToken?: true;
}

export type Action = SyncRequest | { readonly do: "cancel"; readonly id: number } | { readonly do: "giveUp"; readonly code: string };

export type MachineEvent =
  | { readonly type: "offline"; readonly code: string; readonly retryAt: number | null }
  | { readonly type: "online" }
  | SyncEvent;

/** What an input leads to. `deltas` are those that the events were made of. */
export interface Output {
  readonly actions: Action[];
  readonly events: MachineEvent[];
  deltas: readonly Delta[];
}

export interface MachineOptions {
  readonly transport: TransportName;
  readonly news: News;
  readonly random: () => number;
  readonly channelIds?: readonly string[] | null;
  readonly tokenRenewable?: boolean;
}

export class SyncMachine {
  readonly #options: MachineOptions;
  readonly #phase: number;
  #channelIds: readonly string[] | null;
  /** Of the last page, given or held back. */
  #token: string | null;
  #running: (SyncRequest & { opened: number }) | null = null;
  #at = 0;
  #output!: Output;
  #lastId = 0;
  #lastBegan = -Infinity;
  /** What the server asked for with its last failure. */
  #notBefore = -Infinity;
  /** When to ask next; null before the start. */
  #due: number | null = null;
  #failures = 0;
  /** What the server last asked for; null before. */
  #intervalMs: number | null = null;
  #slow = false;
  #isOnline = true;
  #isVisible = true;
  #isOver = false;
  #scopeChanged = false;
  #said: "online" | "offline" | null = null;
  /** Whether the next request needs a new bearer token; whether one was got without a success since; when. */
  #renews = false;
  #renewed = false;
  #renewedAt = -Infinity;

  constructor(options: MachineOptions) {
    const { news, channelIds = null, random } = options;
    this.#options = options;
    this.#token = news.token;
    this.#phase = random();
    this.#channelIds = channelIds;
  }

  /** When to tick next; null while waiting for something else. */
  get wakeAt(): number | null {
    return this.#mayAsk ? this.#due : null;
  }

  get #mayAsk(): boolean {
    return !this.#isOver && !this.#running && this.#isOnline && this.#isVisible;
  }

  /** Take in what happened at the time `at`. Times never go back. */
  take(at: number, input: Input): Output {
    const output: Output = { actions: [], events: [], deltas: [] };
    if (this.#isOver || ("id" in input && input.id !== this.#running?.id)) return output;
    this.#output = output;
    this.#at = at;
    this.#happened(input);
    if (this.#mayAsk && this.#due !== null && this.#due <= at) this.#ask();
    return output;
  }

  #happened(input: Input): void {
    switch (input.type) {
      case "start":
        this.#due = this.#at;
        break;
      case "page":
        return this.#page(input.page);
      case "notModified":
        return this.#ended(input.intervalMs, false);
      case "opened":
        this.#running!.opened = this.#at;
        this.#renewed = false;
        return this.#say("online");
      case "failed":
        return this.#failed(input.failure);
      case "offline":
        this.#isOnline = false;
        this.#cancel();
        return this.#say("offline", "OFFLINE");
      case "online":
        if (this.#isOnline) break;
        this.#isOnline = true;
        this.#failures = 0;
        this.#due = Math.max(this.#at, this.#lastBegan + SPACING_MS, this.#notBefore);
        break;
      case "hidden":
        this.#isVisible = false;
        if (this.#isHeld) {
          this.#cancel();
          this.#due = this.#lastBegan + SPACING_MS;
        }
        break;
      case "visible":
        this.#isVisible = true;
        break;
      case "scope":
        return this.#scope(input.channelIds);
      case "close":
        this.#cancel();
        this.#isOver = true;
    }
  }

  get #isLongPolling(): boolean {
    return this.#options.transport === "long-polling";
  }

  get #isHeld(): boolean {
    return this.#running !== null && (this.#running.stream || this.#running.waitMs > 0);
  }

  #ask(): void {
    const request: SyncRequest = {
      do: "request",
      id: (this.#lastId += 1),
      token: this.#token,
      channelIds: this.#channelIds,
      waitMs: this.#isLongPolling && this.#said === "online" ? HELD_MS : 0,
      stream: this.#options.transport === "websocket",
      ...(this.#renews && { renewToken: true }),
    };
    this.#lastBegan = this.#at;
    if (this.#renews) this.#renewedAt = this.#at;
    this.#renews = this.#scopeChanged = false;
    this.#running = { ...request, opened: Infinity };
    this.#due = null;
    this.#output.actions.push(request);
  }

  #cancel(): void {
    if (this.#running) this.#output.actions.push({ do: "cancel", id: this.#running.id });
    this.#running = null;
  }

  /** Ask as soon as may be. */
  #soon(): void {
    this.#due = Math.max(this.#at, this.#lastBegan + SHORTEST_MS);
  }

  #page(page: SyncPageFields): void {
    const { token, hasMore, pollingInterval } = page;
    const hasNews = token !== this.#token;
    this.#token = token;
    this.#slow = pollingInterval.reason === "LOAD";
    this.#ended(pollingInterval.milliseconds, hasNews);
    if (hasMore && hasNews && !this.#running) this.#due = this.#at;
    const { events, deltas } = this.#options.news.take(page);
    this.#output.events.push(...events);
    this.#output.deltas = deltas;
  }

  /** There was an answer. When to ask again, where it was not one of a stream's? */
  #ended(intervalMs: number | null, hasNews: boolean): void {
    const { waitMs, stream } = this.#running!;
    if (intervalMs !== null) this.#intervalMs = Math.max(intervalMs, SHORTEST_MS);
    this.#failures = 0;
    this.#renewed = false;
    this.#say("online");
    if (stream) return;
    this.#running = null;
    const wasWorthIt = this.#isLongPolling && !this.#slow && (hasNews || this.#at - this.#lastBegan >= waitMs * 0.9);
    if (this.#scopeChanged || wasWorthIt) this.#soon();
    else this.#due = this.#at + this.#untilNextMs;
  }

  get #untilNextMs(): number {
    return Math.floor((this.#intervalMs ?? FIRST_INTERVAL_MS) * (1 + this.#phase / 10));
  }

  #failed({ kind, code, retryAfterMs }: Failure): void {
    if (this.#at - this.#running!.opened >= STABLE_MS) this.#failures = 0;
    this.#running = null;
    const isIdentity = kind === "identity";
    if (kind === "final" || (isIdentity && (this.#renewed || this.#options.tokenRenewable === false))) {
      this.#isOver = true;
      this.#output.actions.push({ do: "giveUp", code: code ?? (isIdentity ? "UNAUTHENTICATED" : "NETWORK") });
    } else if (isIdentity) {
      this.#renews = this.#renewed = true;
      this.#due = Math.max(this.#at, this.#renewedAt + SPACING_MS);
    } else {
      const backoff = backoffMs(this.#failures, this.#options.random(), this.#intervalMs ?? FIRST_INTERVAL_MS, retryAfterMs);
      // A server that comes back would meet all who missed it within the same seconds.
      const isPatient = this.#options.transport === "polling" && this.#intervalMs !== null && !retryAfterMs;
      this.#due = this.#at + (isPatient ? Math.max(backoff, this.#untilNextMs) : backoff);
      this.#failures += 1;
      if (retryAfterMs) this.#notBefore = this.#due;
      if (kind === "transient") this.#say("offline", code, this.#due);
    }
  }

  #scope(channelIds: readonly string[] | null): void {
    if (JSON.stringify(channelIds) === JSON.stringify(this.#channelIds)) return;
    this.#channelIds = channelIds;
    if (this.#isHeld) this.#cancel();
    this.#scopeChanged = this.#running !== null;
    if (!this.#running && this.#failures === 0) this.#soon();
  }

  #say(type: "online" | "offline", code = "NETWORK", retryAt: number | null = null): void {
    if (this.#said === type) return;
    this.#said = type;
    this.#output.events.push(type === "online" ? { type } : { type, code, retryAt });
  }
}
