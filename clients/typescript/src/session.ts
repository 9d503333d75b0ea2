// Does what the protocol's machine says, by one transport, until it is ended.
// Rule: the token moves only with pages that were taken in, so sessions follow one another without losing or doubling anything.
import type { Environment } from "./environment.js";
import { failed, type RequestError } from "./errors.js";
import type { SyncPageFields, SyncVariables } from "./generated/operations.js";
import type { Http, RequestOptions } from "./http.js";
import type { Cost, Measure, TransportName } from "./measurements.js";
import { type Input, type Output, SyncMachine, type SyncRequest } from "./protocol/machine.js";
import type { News } from "./protocol/news.js";

/** Asks for a page, and for whatever goes with it in one request. */
export type Ask = (variables: SyncVariables, options: RequestOptions) => Promise<SyncPageFields>;

/** What sessions share. */
export interface Parts {
  readonly http: Http;
  readonly news: News;
  readonly environment: Environment;
  readonly ask: Ask;
  readonly measure: Measure;
  readonly onCost: (cost: Cost) => void;
  /** Whether a hidden page asks too, as one in the background. */
  readonly asksHidden: boolean;
  readonly onOutput: (output: Output) => void;
}

/** A held request gets this much longer than it is held, any other this long. */
const TIMEOUT_MS = 15_000;

export class Session {
  readonly #machine: SyncMachine;
  #end: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOnline = true;
  #isHidden = false;
  #gaveUp = false;
  #isWell: boolean;
  #error: RequestError | null = null;

  constructor(
    readonly parts: Parts,
    transport: TransportName,
    channelIds: readonly string[] | null,
    /** Whether the server answers, as far as is known. */
    isWell: boolean,
  ) {
    this.#isWell = isWell;
    const { news, http } = parts;
    this.#machine = new SyncMachine({ transport, news, random: Math.random, channelIds, tokenRenewable: http.isRenewable });
    this.surroundingsChanged();
    this.take({ type: "start" });
  }

  /** Look whether there is a network, and whether anybody looks. */
  surroundingsChanged(): void {
    const { environment, asksHidden } = this.parts;
    const isOnline = environment.isOnline();
    const isHidden = !asksHidden && environment.isHidden();
    if (isOnline !== this.#isOnline) {
      this.#isOnline = isOnline;
      this.take({ type: isOnline ? "online" : "offline" });
    }
    if (isHidden !== this.#isHidden) {
      this.#isHidden = isHidden;
      this.take({ type: isHidden ? "hidden" : "visible" });
    }
  }

  /** Give the machine an input, do what it says, and measure where that leads. */
  take(input: Input): void {
    const { measure, onOutput } = this.parts;
    const now = performance.now();
    const output = this.#machine.take(Math.round(now), input);
    for (const action of output.actions) {
      if (action.do === "request") void this.#start(action);
      else if (action.do === "cancel") this.#end?.abort();
      else this.#gaveUp = true;
    }
    const { wakeAt } = this.#machine;
    const error = this.#error;
    clearTimeout(this.#timer);
    if (wakeAt !== null) this.#timer = setTimeout(() => this.take({ type: "tick" }), wakeAt - now);
    const asking = error ? "retrying" : this.#isWell ? "online" : "starting";
    measure({
      state: this.#gaveUp ? "stopped" : this.#isOnline ? (this.#isHidden ? "hidden" : asking) : "offline",
      error,
      retryAt: error && wakeAt !== null ? Date.now() + wakeAt - now : null,
    });
    onOutput(output);
  }

  async #start({ id, token, channelIds, waitMs, stream, renewToken }: SyncRequest): Promise<void> {
    const { http, environment, ask, onCost, measure } = this.parts;
    const { signal } = (this.#end = new AbortController());
    const activity = environment.isHidden() ? "BACKGROUND" : "ACTIVE";
    const well = (): void => {
      this.#isWell = true;
      this.#error = null;
    };
    const onPage = (page: SyncPageFields): void => {
      if (signal.aborted) return;
      well();
      measure({ interval: page.pollingInterval });
      this.take({ type: "page", id, page });
    };
    try {
      const bearer = await http.bearer(renewToken);
      if (stream) {
        // Loaded when it is first used, so that who polls does not pay for it.
        const { openStream } = await import("./websocket.js");
        const onOpen = (): void => {
          well();
          this.take({ type: "opened", id });
        };
        await openStream({ url: http.url, bearer, variables: { token, channelIds, activity }, signal, onCost, onOpen, onPage });
      } else {
        const options = { signal, isHeld: waitMs > 0, timeoutMs: waitMs + TIMEOUT_MS };
        // An answer that is the same as before may hold what was not taken in, so it goes the same way.
        onPage(await ask({ token, channelIds, waitMs, activity }, options));
      }
    } catch (error) {
      if (signal.aborted) return;
      const failure = failed(error);
      if (failure.kind !== "ended") this.#error = failure;
      this.take({ type: "failed", id, failure });
    }
  }
}
