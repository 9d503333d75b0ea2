// Providers over the fake server, with the test's clock; closed when the test ends.
import { afterEach, beforeEach, vi } from "vitest";
import { createRealtimeProvider, type MachineEvent, type Realtime } from "../src/index.js";
import { FakeServer, FakeSurroundings } from "./fake-server.js";

export let server: FakeServer;
export let around: FakeSurroundings;
let opened: Realtime[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0); // no phase, and the shortest back-off
  server = new FakeServer();
  around = new FakeSurroundings();
});

afterEach(() => {
  for (const one of opened) one.close();
  opened = [];
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A provider that is followed, and what it tells of messages. */
export function open(options: Partial<Parameters<typeof createRealtimeProvider>[0]> = {}): { provider: Realtime; told: string[] } {
  const provider = createRealtimeProvider({ url: "/graphql", token: "secret", environment: around, ...options });
  opened.push(provider);
  const told: string[] = [];
  provider.subscribe(null, (event: MachineEvent) => {
    if ("message" in event) told.push(`${event.type} ${event.message.content}`);
  });
  return { provider, told };
}

export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
