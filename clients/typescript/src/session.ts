// Does what the protocol's machine says, by one transport, until it is ended.
// Rule: the token moves only with pages that were taken in, so sessions follow one another without losing or doubling anything.
import { RequestError } from "./errors.js";
import { type PollingIntervalFields, SYNC, type SyncQuery } from "./generated/operations.js";
import type { Environment } from "./environment.js";
import type { Http } from "./http.js";
import type { Meter, TransportName } from "./measurements.js";
import { type Input, type Output, SyncMachine, type SyncRequest } from "./protocol/machine.js";
import type { News } from "./protocol/news.js";

/** What a poll asks for besides. */
export interface Aside {
  /** The channels on the screen. */
  ids(): readonly string[];
  /** Take in what an answer says of them; returns the shortest interval of all. */
  seen(nodes: SyncQuery["nodes"], interval: PollingIntervalFields): PollingIntervalFields;
}

/** What sessions share. */
export interface Parts {
  readonly http: Http;
  readonly news: News;
  readonly environment: Environment;
  readonly meter: Meter;
  readonly aside: Aside | undefined;
  /** What a hidden page does: nothing until it is shown, or ask as one in the background. */
  readonly whenHidden: "pause" | "poll";
  /** Messages and notifications of a page together. */
  readonly limit: number;
  readonly onOutput: (output: Output) => void;
}

export class Session {
  readonly #parts: Parts;
  readonly #machine: SyncMachine;
  #under: { readonly id: number; readonly end: AbortController } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOnline = true;
  #isHidden = false;

  constructor(parts: Parts, transport: TransportName, channelIds: readonly string[] | null) {
    const { news, environment, http, meter } = parts;
    this.#parts = parts;
    this.#machine = new SyncMachine({ transport, news, random: environment.random, channelIds, tokenRenewable: http.isRenewable });
    meter.set({ transport, state: "starting", retryAt: null, error: null });
    this.surroundingsChanged();
    this.#take({ type: "start" });
  }

  /** Look whether there is a network, and whether anybody looks. */
  surroundingsChanged(): void {
    const { environment, whenHidden, meter } = this.#parts;
    const isHidden = whenHidden === "pause" && environment.isHidden();
    const isOnline = environment.isOnline();
    if (isOnline !== this.#isOnline) this.#take({ type: isOnline ? "online" : "offline" });
    if (isHidden !== this.#isHidden) this.#take({ type: isHidden ? "hidden" : "visible" });
    this.#isOnline = isOnline;
    this.#isHidden = isHidden;
    if (meter.now.state === "stopped") return;
    if (!isOnline || isHidden) meter.set({ state: isOnline ? "hidden" : "offline", retryAt: null });
    else if (meter.now.state === "hidden" || meter.now.state === "offline") meter.set({ state: "starting" });
  }

  /** Ask for these channels alone from now on, or for all of the viewer's. */
  setScope(channelIds: readonly string[] | null): void {
    this.#take({ type: "scope", channelIds });
  }

  end(): void {
    this.#take({ type: "close" });
  }

  #take(input: Input): void {
    const output = this.#machine.take(Math.round(performance.now()), input);
    for (const action of output.actions) {
      if (action.do === "request") this.#start(action);
      else if (action.do === "cancel") this.#under?.end.abort();
      else this.#parts.meter.set({ state: "stopped", retryAt: null });
    }
    clearTimeout(this.#timer);
    const { wakeAt } = this.#machine;
    if (wakeAt !== null) this.#timer = setTimeout(() => this.#take({ type: "tick" }), Math.max(wakeAt - performance.now(), 0));
    this.#parts.onOutput(output);
  }

  #start(request: SyncRequest): void {
    const { http, meter } = this.#parts;
    const end = new AbortController();
    this.#under = { id: request.id, end };
    const started = request.renewToken ? http.bearer(true) : http.bearer();
    started
      .then((bearer) => (request.stream ? this.#stream(request, bearer, end.signal) : this.#poll(request, end.signal)))
      .catch((error: unknown) => {
        if (end.signal.aborted) return;
        const failure = error instanceof RequestError ? error : new RequestError(String(error), "transient");
        this.#take({ type: "failed", id: request.id, failure });
        const { wakeAt } = this.#machine;
        if (meter.now.state === "stopped") meter.set({ error: failure });
        else if (failure.kind !== "ended" && wakeAt !== null) {
          meter.set({ state: "retrying", error: failure, retryAt: this.#parts.environment.now() + wakeAt - performance.now() });
        }
      });
  }

  async #poll({ id, token, channelIds, waitMs }: SyncRequest, signal: AbortSignal): Promise<void> {
    const { http, aside, limit, environment } = this.#parts;
    const watched = waitMs > 0 ? [] : (aside?.ids() ?? []);
    const activity = environment.isHidden() ? "BACKGROUND" : "ACTIVE";
    const { data, isSame } = await http.ask(
      SYNC,
      { token, channelIds, waitMs, activity, limit, watched },
      { signal, revalidate: true, isHeld: waitMs > 0, timeoutMs: waitMs + 15_000 },
    );
    if (signal.aborted) return;
    const page = data.sync;
    if (!page) throw new RequestError("The answer holds no page.", "transient");
    const pollingInterval = aside?.seen(data.nodes, page.pollingInterval) ?? page.pollingInterval;
    this.#well({ interval: pollingInterval });
    if (isSame) this.#take({ type: "notModified", id, intervalMs: pollingInterval.milliseconds });
    else this.#take({ type: "page", id, page: { ...page, pollingInterval } });
  }

  async #stream({ id, token, channelIds }: SyncRequest, bearer: string, signal: AbortSignal): Promise<void> {
    const { http, environment, limit, meter } = this.#parts;
    const activity = environment.isHidden() ? "BACKGROUND" : "ACTIVE";
    meter.set({ requests: meter.now.requests + 1 });
    // Loaded when it is first used, so that who polls does not pay for it.
    const { openStream } = await import("./websocket.js");
    await openStream({
      url: http.url,
      bearer,
      variables: { token, channelIds, limit, activity },
      environment,
      signal,
      onFrame: (bytes) => meter.set({ bytes: meter.now.bytes + bytes }),
      onOpen: () => {
        this.#well({});
        this.#take({ type: "opened", id });
      },
      onPage: (page) => {
        this.#well({ interval: page.pollingInterval });
        this.#take({ type: "page", id, page });
      },
    });
  }

  #well(more: Partial<Meter["now"]>): void {
    this.#parts.meter.set({ state: "online", error: null, retryAt: null, ...more });
  }
}
