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

export interface Output {
  readonly actions: Action[];
  readonly events: MachineEvent[];
  readonly deltas: readonly Delta[];
}

export interface MachineOptions {
  readonly transport: TransportName;
  readonly news: News;
  readonly random: () => number;
  readonly channelIds?: readonly string[] | null;
  readonly tokenRenewable?: boolean;
}

export class SyncMachine {
  readonly #transport: TransportName;
  readonly #news: News;
  readonly #random: () => number;
  readonly #phase: number;
  readonly #tokenRenewable: boolean;
  #channelIds: readonly string[] | null;
  /** Of the last page, given or held back. */
  #token: string | null;
  #running: (SyncRequest & { readonly began: number; opened: number }) | null = null;
  #lastId = 0;
  #lastBegan = -Infinity;
  /** What the server asked for with its last failure. */
  #notBefore = -Infinity;
  /** When to ask next; null before the start. */
  #due: number | null = null;
  #failures = 0;
  #intervalMs = FIRST_INTERVAL_MS;
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

  constructor({ transport, news, random, channelIds = null, tokenRenewable = true }: MachineOptions) {
    this.#transport = transport;
    this.#news = news;
    this.#token = news.token;
    news.rewind();
    this.#random = random;
    this.#phase = random();
    this.#channelIds = channelIds;
    this.#tokenRenewable = tokenRenewable;
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
    const output: Output & { deltas: readonly Delta[] } = { actions: [], events: [], deltas: [] };
    if (this.#isOver || ("id" in input && input.id !== this.#running?.id)) return output;
    this.#happened(at, input, output);
    if (this.#mayAsk && this.#due !== null && this.#due <= at) this.#ask(at, output.actions);
    return output;
  }

  #happened(at: number, input: Input, output: Output & { deltas: readonly Delta[] }): void {
    switch (input.type) {
      case "start":
        this.#due = at;
        break;
      case "tick":
        break;
      case "page":
        return this.#page(at, input.page, output);
      case "notModified":
        if (input.intervalMs !== null) this.#intervalMs = Math.max(input.intervalMs, SHORTEST_MS);
        this.#succeeded(output.events);
        return this.#ended(at, false);
      case "opened":
        this.#running!.opened = at;
        this.#renewed = false;
        return this.#say("online", output.events);
      case "failed":
        return this.#failed(at, input.failure, output);
      case "offline":
        this.#isOnline = false;
        this.#cancel(output.actions);
        return this.#say("offline", output.events, "OFFLINE");
      case "online":
        if (this.#isOnline) break;
        this.#isOnline = true;
        this.#failures = 0;
        this.#due = Math.max(at, this.#lastBegan + SPACING_MS, this.#notBefore);
        break;
      case "hidden":
        this.#isVisible = false;
        if (this.#isHeld) {
          this.#cancel(output.actions);
          this.#due = this.#lastBegan + SPACING_MS;
        }
        break;
      case "visible":
        this.#isVisible = true;
        break;
      case "scope":
        return this.#scope(at, input.channelIds, output.actions);
      case "close":
        this.#cancel(output.actions);
        this.#isOver = true;
    }
  }

  get #isHeld(): boolean {
    return this.#running !== null && (this.#running.stream || this.#running.waitMs > 0);
  }

  #ask(at: number, actions: Action[]): void {
    const request: SyncRequest = {
      do: "request",
      id: (this.#lastId += 1),
      token: this.#token,
      channelIds: this.#channelIds,
      waitMs: this.#transport === "long-polling" ? HELD_MS : 0,
      stream: this.#transport === "websocket",
      ...(this.#renews && { renewToken: true }),
    };
    if (this.#renews) this.#renewedAt = at;
    this.#renews = this.#scopeChanged = false;
    this.#running = { ...request, began: at, opened: Infinity };
    this.#lastBegan = at;
    this.#due = null;
    actions.push(request);
  }

  #cancel(actions: Action[]): void {
    if (!this.#running) return;
    actions.push({ do: "cancel", id: this.#running.id });
    this.#running = null;
  }

  /** Ask as soon as may be. */
  #soon(at: number): void {
    this.#due = Math.max(at, this.#lastBegan + SHORTEST_MS);
  }

  #page(at: number, page: SyncPageFields, output: Output & { deltas: readonly Delta[] }): void {
    const { milliseconds, reason } = page.pollingInterval;
    const hasNews = page.token !== this.#token;
    this.#intervalMs = Math.max(milliseconds, SHORTEST_MS);
    this.#slow = reason === "LOAD";
    this.#token = page.token;
    this.#succeeded(output.events);
    const { events, deltas } = this.#news.take(page);
    output.events.push(...events);
    output.deltas = deltas;
    if (this.#running!.stream) return;
    if (page.hasMore && hasNews) {
      this.#running = null;
      this.#due = at;
    } else this.#ended(at, hasNews);
  }

  /** A poll ended well: when is the next? */
  #ended(at: number, hasNews: boolean): void {
    const { began, waitMs } = this.#running!;
    this.#running = null;
    const wasWorthIt = waitMs > 0 && !this.#slow && (hasNews || at - began >= waitMs * 0.9);
    if (this.#scopeChanged || wasWorthIt) this.#soon(at);
    else this.#due = at + Math.floor(this.#intervalMs * (1 + this.#phase / 10));
  }

  #succeeded(events: MachineEvent[]): void {
    this.#failures = 0;
    this.#renewed = false;
    this.#say("online", events);
  }

  #failed(at: number, { kind, code, retryAfterMs }: Failure, { actions, events }: Output): void {
    if (at - this.#running!.opened >= STABLE_MS) this.#failures = 0;
    this.#running = null;
    if (kind === "final" || (kind === "identity" && (this.#renewed || !this.#tokenRenewable))) {
      this.#isOver = true;
      actions.push({ do: "giveUp", code: code ?? (kind === "identity" ? "UNAUTHENTICATED" : "NETWORK") });
    } else if (kind === "identity") {
      this.#renews = this.#renewed = true;
      this.#due = Math.max(at, this.#renewedAt + SPACING_MS);
    } else {
      this.#due = at + backoffMs(this.#failures, this.#random(), this.#intervalMs, retryAfterMs);
      this.#failures += 1;
      if (retryAfterMs) this.#notBefore = this.#due;
      if (kind === "transient") this.#say("offline", events, code ?? "NETWORK", this.#due);
    }
  }

  #scope(at: number, channelIds: readonly string[] | null, actions: Action[]): void {
    if (JSON.stringify(channelIds) === JSON.stringify(this.#channelIds)) return;
    this.#channelIds = channelIds;
    if (this.#isHeld) this.#cancel(actions);
    this.#scopeChanged = this.#running !== null;
    if (!this.#running && this.#failures === 0) this.#soon(at);
  }

  #say(what: "online" | "offline", events: MachineEvent[], code = "", retryAt: number | null = null): void {
    if (this.#said === what) return;
    this.#said = what;
    events.push(what === "online" ? { type: what } : { type: what, code, retryAt });
  }
}
