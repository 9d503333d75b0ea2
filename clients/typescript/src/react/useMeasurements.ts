// What the client measures of itself; renders after every request.
import { useMemo } from "react";
import type { Sample } from "../chat/samples.js";
import type { Measurements } from "../measurements.js";
import { useObserved } from "./PolluxProvider.js";

export interface LiveMeasurements extends Measurements {
  /** From asking to the answer, newest last; requests that the server holds are left out. */
  readonly roundTrips: readonly Sample[];
  /** From a message's acceptance by the server to its arrival here, newest last; as exact as both clocks. */
  readonly deliveries: readonly Sample[];
}

export function useMeasurements(): LiveMeasurements {
  const measurements = useObserved((client) => client.measurements);
  const roundTrips = useObserved(({ samples }) => samples.roundTrips);
  const deliveries = useObserved(({ samples }) => samples.deliveries);
  return useMemo(() => ({ ...measurements, roundTrips, deliveries }), [measurements, roundTrips, deliveries]);
}
