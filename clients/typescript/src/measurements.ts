// What a client has measured of itself, for a panel that shows it.
import type { PollingIntervalFields } from "./generated/operations.js";

export type TransportName = "polling" | "long-polling" | "websocket";

/** `hidden`: nobody looks, so it does not ask. `stopped`: it gave up, or was closed. */
export type ConnectionState = "starting" | "online" | "offline" | "hidden" | "retrying" | "stopped";

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
}

/** What a request, or a frame of a stream, adds to the measurements. */
export interface Cost {
  readonly requests: number;
  readonly notModified: number;
  readonly bytes: number;
  /** From asking to the answer; null where the server may have waited. */
  readonly ms: number | null;
}

/** Changes measurements; who observes is told. */
export type Measure = (change: Partial<Measurements>) => void;
