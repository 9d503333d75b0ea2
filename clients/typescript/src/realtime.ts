// The provider: follows what happens by one transport or another, tells who listens, and sends.
// Rule: changing the transport keeps the place; nothing is lost and nothing comes twice.
import { deliver } from "./deliver.js";
import { environment, type Environment } from "./environment.js";
import type { MessageFields } from "./generated/operations.js";
import { Http, type Token } from "./http.js";
import { type Measurements, Meter, type TransportName } from "./measurements.js";
import type { MachineEvent, Output } from "./protocol/machine.js";
import { News } from "./protocol/news.js";
import type { Listener, RealtimeProvider, SendOptions } from "./provider.js";
import { type Aside, Session } from "./session.js";

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
  /** Messages and notifications of a page together; 100 if absent. */
  readonly limit?: number;
  readonly environment?: Environment;
}

/** Who builds on a provider. */
export interface Upper {
  readonly aside: Aside;
  /** What a page brought, before listeners are told. */
  readonly receive: (output: Output) => void;
}

export class Realtime implements RealtimeProvider {
  /** For operations of your own. */
  readonly http: Http;
  readonly environment: Environment;
  readonly #options: RealtimeOptions;
  readonly #upper: Upper | undefined;
  readonly #meter: Meter;
  readonly #news = new News({ token: null, heads: {} });
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
    this.#options = options;
    this.#upper = upper;
    this.#channelIds = options.channelIds ?? null;
    this.environment = options.environment ?? environment();
    const meter = new Meter(options.transport ?? "polling", () => this.changed());
    this.#meter = meter;
    this.http = new Http(options.url, options.token, this.environment, (cost) => meter.asked(this.environment.now(), cost));
  }

  /** What the client has measured of itself. */
  get measurements(): Measurements {
    return this.#meter.now;
  }

  /** Begin; listening, observing and sending begin too. */
  start(): void {
    if (this.#session || this.#closed.signal.aborted) return;
    this.#ignoreSurroundings ??= this.environment.onChange(() => {
      this.#session?.surroundingsChanged();
      if (this.environment.isOnline()) for (const goOn of [...this.#waiting]) goOn();
    });
    this.#session = new Session(
      {
        http: this.http,
        news: this.#news,
        environment: this.environment,
        meter: this.#meter,
        aside: this.#upper?.aside,
        whenHidden: this.#options.whenHidden ?? "pause",
        limit: this.#options.limit ?? 100,
        onOutput: (output) => this.#took(output),
      },
      this.#meter.now.transport,
      this.#channelIds,
    );
  }

  /** Go on by another transport, from the same place. Also begins again after giving up. */
  readonly setTransport = (transport: TransportName): void => {
    this.#session?.end();
    this.#session = null;
    this.#meter.set({ transport });
    this.start();
  };

  /** Follow other channels from now on; null for all of the viewer's. */
  setScope(channelIds: readonly string[] | null): void {
    this.#channelIds = channelIds;
    this.#session?.setScope(channelIds);
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
    const input = { clientMessageId: this.environment.uuid(), ...options, channelId, content };
    const send = (): Promise<MessageFields> => deliver(this.http, this.environment, { input }, this.#waiting, this.#closed.signal);
    const sending = (this.#sends.get(channelId) ?? Promise.resolve()).then(send, send);
    this.#sends.set(channelId, sending);
    return sending;
  }

  close(): void {
    this.#closed.abort();
    this.#session?.end();
    this.#ignoreSurroundings?.();
    for (const goOn of [...this.#waiting]) goOn();
    this.#meter.set({ state: "stopped", retryAt: null });
    this.#listeners.clear();
    this.#observers.clear();
  }

  /** Tell observers. */
  changed(): void {
    for (const observer of this.#observers) observer();
  }

  #took(output: Output): void {
    const { events } = output;
    if (events.length === 0 && output.deltas.length === 0) return;
    this.#upper?.receive(output);
    this.#meter.received(this.environment.now(), events);
    this.changed();
    for (const event of events) {
      this.#tell(null, event);
      if ("channelId" in event) this.#tell(event.channelId, event);
    }
  }

  #tell(key: string | null, event: MachineEvent): void {
    for (const listener of this.#listeners.get(key) ?? []) listener(event);
  }
}
