// The WebSocket against somebody else's server of graphql-transport-ws, the one of graphql-ws.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CloseCode } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createRealtimeProvider, type MachineEvent, type Realtime, type Token } from "../src/index.js";

// The copy of graphql that the server loads; the bundler of the tests would find another.
const { buildSchema, GraphQLError } = createRequire(import.meta.url)("graphql") as typeof import("graphql");
const schema = buildSchema(readFileSync(new URL("../../../schema/schema.graphql", import.meta.url), "utf8"));

interface Asked {
  readonly token: string | null;
  readonly authorization: unknown;
}

let asked: Asked[];
let respond: (token: string | null) => AsyncIterable<unknown>;
let accepts: (authorization: unknown) => boolean;
let server: WebSocketServer;
let port: number;
let opened: Realtime[];

beforeEach(async () => {
  vi.stubGlobal("WebSocket", WebSocket);
  vi.spyOn(Math, "random").mockReturnValue(0);
  asked = [];
  opened = [];
  accepts = () => true;
  port = await listen(0);
});

afterEach(async () => {
  for (const one of opened) one.close();
  await stop();
  vi.unstubAllGlobals();
});

async function listen(on: number): Promise<number> {
  server = new WebSocketServer({ port: on, host: "127.0.0.1", path: "/graphql" });
  useServer(
    {
      schema,
      context: ({ connectionParams }) => ({ connectionParams }),
      onConnect: ({ connectionParams }) => accepts(connectionParams?.["Authorization"]),
      subscribe: ({ variableValues, contextValue }) => {
        const token = variableValues?.["token"] as string | null;
        const { connectionParams } = contextValue as { connectionParams?: Record<string, unknown> };
        asked.push({ token, authorization: connectionParams?.["Authorization"] });
        return respond(token) as AsyncIterableIterator<never>;
      },
    },
    server,
  );
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as AddressInfo).port;
}

async function stop(): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
}

const page = (token: string): unknown => ({
  data: {
    sync: {
      token, hasMore: false, resetReason: null, channels: [], removedChannelIds: [], notifications: [],
      inbox: { id: "i", unreadCount: 0, unseenCount: 0 },
      pollingInterval: { milliseconds: 5000, reason: "STEADY", activeUsers: null, serverLoad: null },
    },
  },
});

const never = (): Promise<void> => new Promise(() => {});

function open(token: Token = "secret"): { provider: Realtime; events: MachineEvent[] } {
  const provider = createRealtimeProvider({ url: `http://127.0.0.1:${port}/graphql`, token, transport: "websocket" });
  opened.push(provider);
  const events: MachineEvent[] = [];
  provider.subscribe(null, (event) => events.push(event));
  return { provider, events };
}

const tokens = (events: MachineEvent[]): string[] => events.flatMap((one) => (one.type === "checkpoint" ? [one.token] : []));
const wait = { timeout: 10_000, interval: 20 };

test("pages come as they are made, with the token said once at the beginning", async () => {
  respond = async function* () {
    yield page("t1");
    yield page("t2");
    await never();
  };
  const { provider, events } = open();
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t1", "t2"]), wait);
  expect(asked).toEqual([{ token: null, authorization: "Bearer secret" }]);
  expect(provider.measurements).toMatchObject({ state: "online", transport: "websocket", requests: 1 });
  expect(provider.measurements.bytes).toBeGreaterThan(300);
});

test("a stream that ends, and a server that comes back, are followed from the last token", async () => {
  respond = async function* (token) {
    yield page(`${token ?? "t"}+`);
    if (token !== null) await never();
  };
  const { events } = open();
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t+", "t++"]), wait);
  expect(events.filter((one) => one.type === "offline")).toEqual([]);
  await stop();
  await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: "offline", code: "NETWORK" }), wait);
  await listen(port);
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t+", "t++", "t+++"]), wait);
  expect(asked.map((one) => one.token)).toEqual([null, "t+", "t++"]);
});

test("a token that is not believed is renewed", async () => {
  respond = async function* () {
    yield page("t1");
    await never();
  };
  accepts = (authorization) => authorization === "Bearer new";
  const { events } = open((renew) => (renew ? "new" : "old"));
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t1"]), wait);
  expect(asked).toEqual([{ token: null, authorization: "Bearer new" }]);
});

test("one that ends while the stream is open is renewed, and the stream goes on", async () => {
  respond = async function* (token) {
    yield page(token === null ? "t1" : "t2");
    await never();
  };
  const renewals: boolean[] = [];
  const { events } = open((renew) => `token ${renewals.push(renew)}`);
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t1"]), wait);
  for (const socket of server.clients) socket.close(CloseCode.Forbidden, "Forbidden");
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t1", "t2"]), wait);
  expect(renewals).toEqual([false, true]);
  expect(asked.map((one) => one.authorization)).toEqual(["Bearer token 1", "Bearer token 2"]);
});

test("an error of the subscription says what to do: wait as long as the server asks, or give up", async () => {
  respond = async function* () {
    await Promise.resolve();
    throw new GraphQLError("Slow down.", { extensions: { code: "RATE_LIMITED", retryAfterMs: 50 } });
    yield page("never");
  };
  const { provider, events } = open();
  await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: "offline", code: "RATE_LIMITED" }), wait);
  respond = async function* () {
    yield { data: { sync: null }, errors: [new GraphQLError("No.", { extensions: { code: "FORBIDDEN" } })] };
  };
  await vi.waitFor(() => expect(provider.measurements).toMatchObject({ state: "stopped", error: { code: "FORBIDDEN" } }), wait);
});

test("what is no message of the protocol ends the connection, for another try", async () => {
  respond = async function* () {
    yield page("t1");
    await never();
  };
  const { provider, events } = open();
  await vi.waitFor(() => expect(tokens(events)).toEqual(["t1"]), wait);
  for (const socket of server.clients) socket.send("{");
  await vi.waitFor(() => expect(events.filter((one) => one.type === "offline" || one.type === "online")).toHaveLength(3), wait);
  expect(provider.measurements.state).toBe("online");
});

test("a server that is not there is asked again, and nothing is thrown", async () => {
  await stop();
  const { provider } = open();
  await vi.waitFor(() => expect(provider.measurements.requests).toBeGreaterThan(1), wait);
  expect(provider.measurements.state).toBe("retrying");
  await listen(port);
});

class SilentSocket {
  static made: SilentSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly said: { type: string; id?: string }[] = [];
  closed = false;
  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    SilentSocket.made.push(this);
  }
  send(text: string): void {
    this.said.push(JSON.parse(text) as { type: string });
  }
  close(): void {
    this.closed = true;
  }
  hear(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

test("pings are answered, and a server that falls silent is left for another try", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", SilentSocket);
  SilentSocket.made = [];
  const { provider } = open();
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
  const [socket] = SilentSocket.made;
  expect([socket!.url, socket!.protocol]).toEqual([`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws"]);
  socket!.onopen!();
  socket!.hear({ type: "connection_ack" });
  socket!.hear({ type: "ping" });
  expect(socket!.said.map((one) => one.type)).toEqual(["connection_init", "subscribe", "pong"]);
  expect(provider.measurements.state).toBe("online");
  await vi.advanceTimersByTimeAsync(39_000);
  socket!.hear({ type: "ping" });
  await vi.advanceTimersByTimeAsync(39_999);
  expect(socket!.closed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket!.closed).toBe(true);
  expect(provider.measurements.state).toBe("retrying");
  await vi.advanceTimersByTimeAsync(1000);
  expect(SilentSocket.made).toHaveLength(2);
  provider.close();
  expect(SilentSocket.made[1]!.closed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
