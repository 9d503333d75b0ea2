// What a client has measured of itself, for a panel that shows it.
import type { PollingIntervalFields } from "./generated/operations.js";
import type { Cost } from "./http.js";
import type { MachineEvent } from "./protocol/machine.js";

export type TransportName = "polling" | "long-polling" | "websocket";

/** `hidden`: nobody looks, so it does not ask. `stopped`: it gave up, or was closed. */
export type ConnectionState = "starting" | "online" | "offline" | "hidden" | "retrying" | "stopped";

/** One measurement: when, in ms since 1970, and how long it took. */
export interface Sample {
  readonly at: number;
  readonly ms: number;
}

/** A new object after every change. */
export interface Measurements {
  readonly transport: TransportName;
  readonly state: ConnectionState;
  /** While retrying: when the next try begins, in ms since 1970. */
  readonly retryAt: number | null;
  /** What went wrong last; null once it went well again. */
  readonly error: Error | null;
  /** What the server asked for last: how long to wait, and why. */
  readonly interval: PollingIntervalFields | null;
  /** Requests made, WebSocket connections among them. */
  readonly requests: number;
  /** Answers without a body: nothing had changed. */
  readonly notModified: number;
  /** Of bodies and frames received; compressed ones as they came, where the server says how long they were. */
  readonly bytes: number;
  /** From asking to the answer, newest last; requests that the server holds are left out. */
  readonly roundTrips: readonly Sample[];
  /** From a message's acceptance by the server to its arrival here, newest last; as exact as both clocks. */
  readonly deliveries: readonly Sample[];
}

/** Samples that are kept of each kind. */
const KEPT = 120;

/** Measurements and who is told of them. */
export class Meter {
  now: Measurements;

  constructor(
    transport: TransportName,
    readonly onChange: () => void,
  ) {
    this.now = {
      transport, state: "starting", retryAt: null, error: null, interval: null,
      requests: 0, notModified: 0, bytes: 0, roundTrips: [], deliveries: [],
    };
  }

  set(change: Partial<Measurements>): void {
    this.now = { ...this.now, ...change };
    this.onChange();
  }

  /** A request was answered. */
  asked(at: number, { bytes, ms, notModified }: Cost): void {
    const { now } = this;
    this.set({
      requests: now.requests + 1,
      bytes: now.bytes + bytes,
      notModified: now.notModified + Number(notModified),
      ...(ms !== null && { roundTrips: this.#sampled("roundTrips", at, ms) }),
    });
  }

  /** Something came that was not there before. */
  received(at: number, events: readonly MachineEvent[]): void {
    for (const event of events) {
      if (event.type !== "messageCreated" || event.fresh) continue;
      this.set({ deliveries: this.#sampled("deliveries", at, at - Date.parse(event.message.createdAt)) });
    }
  }

  #sampled(kind: "roundTrips" | "deliveries", at: number, ms: number): readonly Sample[] {
    return [...this.now[kind].slice(1 - KEPT), { at, ms: Math.max(ms, 0) }];
  }
}
