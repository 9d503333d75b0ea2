// The provider: follows what happens by one transport or another, tells who listens, and sends.
// Rule: changing the transport keeps the place; nothing is lost and nothing comes twice.
import { deliver } from "./deliver.js";
import { type Environment, surroundings } from "./environment.js";
import { type MessageFields, SYNC } from "./generated/operations.js";
import { Http, type Token } from "./http.js";
import type { Cost, Measure, Measurements, TransportName } from "./measurements.js";
import type { MachineEvent, Output } from "./protocol/machine.js";
import { News } from "./protocol/news.js";
import type { Listener, RealtimeProvider, SendOptions } from "./provider.js";
import { type Ask, type Parts, Session } from "./session.js";

export interface RealtimeOptions {
  /** Where GraphQL is, such as `/graphql`. */
  readonly url: string;
  /** The bearer token, or what gets one. */
  readonly token: Token;
  /** `polling` if absent. */
  readonly transport?: TransportName;
  /** A hidden page does not ask (`pause`, if absent), or as one in the background (`poll`). */
  readonly whenHidden?: "pause" | "poll";
  /** Follow these channels alone, public ones that the viewer does not belong to among them; all of the viewer's if absent. */
  readonly channelIds?: readonly string[] | null;
  readonly environment?: Environment;
}

/** Who builds on a provider. */
export interface Upper {
  readonly ask: Ask;
  readonly cost: (cost: Cost) => void;
  /** What a page brought, before listeners are told. */
  readonly receive: (output: Output) => void;
}

/** A string that nobody else makes; crypto.randomUUID is missing on pages that came by plain HTTP. */
export const randomId = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Call at once; what it throws is an unhandled rejection of its own, and no concern of who calls. */
const safely = async (call: () => void): Promise<void> => call();

export class Realtime implements RealtimeProvider {
  /** What sessions and whoever builds on this share. */
  readonly parts: Parts;
  /** What the client has measured of itself. */
  measurements: Measurements;
  readonly #listeners = new Map<string | null, Set<Listener>>();
  readonly #observers = new Set<() => void>();
  readonly #closed = new AbortController();
  /** By channel the last message on its way. */
  readonly #sends = new Map<string, Promise<unknown>>();
  readonly #waiting = new Set<() => void>();
  #channelIds: readonly string[] | null;
  #session: Session | null = null;
  #ignoreSurroundings: (() => void) | undefined;

  constructor(options: RealtimeOptions, upper?: Upper) {
    const { url, token, transport = "polling", channelIds = null, environment = surroundings, whenHidden } = options;
    this.#channelIds = channelIds;
    this.measurements = { transport, state: "starting", retryAt: null, error: null, interval: null, requests: 0, notModified: 0, bytes: 0 };
    const measure: Measure = (change) => {
      this.measurements = { ...this.measurements, ...change };
      this.changed();
    };
    const onCost = (cost: Cost): void => {
      const { requests, notModified, bytes } = this.measurements;
      upper?.cost(cost);
      measure({ requests: requests + cost.requests, notModified: notModified + cost.notModified, bytes: bytes + cost.bytes });
    };
    const http = new Http(url, token, onCost);
    // It is null only beside an error.
    const plainly: Ask = async (variables, requestOptions) => (await http.request(SYNC, variables, requestOptions)).sync!;
    this.parts = {
      http, environment, measure, onCost,
      news: new News({ token: null, heads: {} }),
      ask: upper?.ask ?? plainly,
      asksHidden: whenHidden === "poll",
      onOutput: (output) => this.#took(output, upper),
    };
  }

  /** Begin; listening, observing and sending begin too. */
  start(): void {
    if (this.#session || this.#closed.signal.aborted) return;
    const { environment } = this.parts;
    this.#ignoreSurroundings ??= environment.onChange(() => {
      this.#session?.surroundingsChanged();
      if (environment.isOnline()) this.#goOn();
    });
    const { transport, state } = this.measurements;
    this.#session = new Session(this.parts, transport, this.#channelIds, state === "online");
  }

  /** Go on by another transport, from the same place. Also begins again after giving up. */
  readonly setTransport = (transport: TransportName): void => {
    this.#session?.take({ type: "close" });
    this.#session = null;
    this.parts.measure({ transport });
    this.start();
  };

  /** Follow other channels from now on; null for all of the viewer's. */
  setScope(channelIds: readonly string[] | null): void {
    this.#channelIds = channelIds;
    this.#session?.take({ type: "scope", channelIds });
  }

  subscribe(channelId: string | null, listener: Listener): () => void {
    const listeners = this.#listeners.get(channelId) ?? new Set();
    this.#listeners.set(channelId, listeners.add(listener));
    this.start();
    return () => this.unsubscribe(channelId, listener);
  }

  unsubscribe(channelId: string | null, listener?: Listener): void {
    if (listener) this.#listeners.get(channelId)?.delete(listener);
    else this.#listeners.delete(channelId);
  }

  /** Be told after every change of anything that can be read here. Returns how to end it. */
  readonly observe = (observer: () => void): (() => void) => {
    this.#observers.add(observer);
    this.start();
    return () => this.#observers.delete(observer);
  };

  send(channelId: string, content: string, options: SendOptions = {}): Promise<MessageFields> {
    this.start();
    const input = { clientMessageId: randomId(), ...options, channelId, content };
    const send = (): Promise<MessageFields> => deliver(this.parts.http, { input }, this.#waiting, this.#closed.signal);
    const sending = (this.#sends.get(channelId) ?? Promise.resolve()).then(send, send);
    this.#sends.set(channelId, sending);
    return sending;
  }

  close(): void {
    this.#closed.abort();
    this.#session?.take({ type: "close" });
    this.#ignoreSurroundings?.();
    this.#goOn();
    this.parts.measure({ state: "stopped", retryAt: null });
    this.#listeners.clear();
    this.#observers.clear();
  }

  /** Tell observers. */
  changed(): void {
    for (const observer of this.#observers) void safely(observer);
  }

  /** End every wait of a send. */
  #goOn(): void {
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  #took(output: Output, upper?: Upper): void {
    const { events } = output;
    if (events.length + output.deltas.length > 0) upper?.receive(output);
    this.changed();
    for (const event of events) {
      if (event.type === "online") this.#goOn();
      this.#tell(null, event);
      if ("channelId" in event) this.#tell(event.channelId, event);
    }
  }

  #tell(key: string | null, event: MachineEvent): void {
    for (const listener of this.#listeners.get(key) ?? []) void safely(() => listener(event));
  }
}
