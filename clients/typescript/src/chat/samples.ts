// How long things took, newest last, for a plot that moves.
import type { Cost } from "../measurements.js";
import type { MachineEvent } from "../protocol/machine.js";

/** One measurement: when, in ms since 1970, and how long it took. */
export interface Sample {
  readonly at: number;
  readonly ms: number;
}

/** Samples that are kept of each kind. */
const KEPT = 120;

export class Samples {
  /** From asking to the answer; requests that the server holds are left out. */
  roundTrips: readonly Sample[] = [];
  /** From a message's acceptance by the server to its arrival here; as exact as both clocks. */
  deliveries: readonly Sample[] = [];

  asked({ ms }: Cost): void {
    if (ms !== null) this.roundTrips = [...this.roundTrips.slice(1 - KEPT), { at: Date.now(), ms }];
  }

  came(events: readonly MachineEvent[]): void {
    const at = Date.now();
    const news = events.flatMap((event) => (event.type === "messageCreated" && !event.fresh ? [event.message] : []));
    const more = news.map((message) => ({ at, ms: Math.max(at - Date.parse(message.createdAt), 0) }));
    if (more.length > 0) this.deliveries = [...this.deliveries, ...more].slice(-KEPT);
  }
}
