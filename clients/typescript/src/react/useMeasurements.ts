// What the client measures of itself; renders after every request.
import type { Measurements } from "../measurements.js";
import { useObserved } from "./PolluxProvider.js";

export function useMeasurements(): Measurements {
  return useObserved((client) => client.measurements);
}
