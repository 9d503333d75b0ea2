// The provider over a server whose clock is the test's.
import { expect, test, vi } from "vitest";
import { RequestError, type TransportName } from "../src/index.js";
import { refusal } from "./fake-server.js";
import { around, open, pass, server } from "./opened.js";

test("each message is told once and in order, while the server's interval is obeyed", async () => {
  server.send("one");
  const { told } = open();
  await pass(0);
  expect(told).toEqual(["messageCreated one"]);
  server.send("two");
  server.send("three");
  server.edit(1, { content: "one!" });
  await pass(4999);
  expect(server.names).toEqual(["Sync"]);
  await pass(1);
  expect(told).toEqual(["messageCreated one", "messageCreated two", "messageCreated three", "messageUpdated one!"]);
  server.intervalMs = 1000;
  await pass(5000);
  await pass(1000);
  expect(server.asked).toHaveLength(4);
});

test("an unchanged poll asks with the answer's ETag, and costs no body", async () => {
  const { provider } = open();
  await pass(5000);
  const { bytes } = provider.measurements;
  await pass(5000);
  expect(server.asked[1]!.headers).not.toHaveProperty("If-None-Match"); // it asks with another token
  expect(server.asked[2]!.headers["If-None-Match"]).toBeTruthy();
  expect(provider.measurements).toMatchObject({ requests: 3, notModified: 1, bytes, state: "online" });
});

test("what is waiting is fetched at once, page after page", async () => {
  server.pageSize = 2;
  for (const content of ["a", "b", "c", "d", "e"]) server.send(content);
  const { told } = open();
  await pass(0);
  expect(told.map((one) => one.at(-1))).toEqual(["a", "b", "c", "d", "e"]);
  expect(server.names).toEqual(["Sync", "Sync", "Sync"]);
});

test("a hidden page stops within one interval, and catches up by one request when it is shown", async () => {
  const { provider, told } = open();
  await pass(0);
  around.set({ hidden: true });
  expect(provider.measurements.state).toBe("hidden");
  server.send("while hidden");
  await pass(600_000);
  expect(server.names).toEqual(["Sync"]);
  around.set({ hidden: false });
  await pass(0);
  expect(server.names).toEqual(["Sync", "Sync"]);
  expect(told).toEqual(["messageCreated while hidden"]);
  expect(provider.measurements.state).toBe("online");
  await pass(4999);
  expect(server.names).toHaveLength(2);
});

test("a hidden page may be asked to go on as one in the background", async () => {
  open({ whenHidden: "poll" });
  await pass(0);
  around.set({ hidden: true });
  await pass(5000);
  expect(server.asked.map((one) => one.variables["activity"])).toEqual(["ACTIVE", "BACKGROUND"]);
});

test("offline it waits, and asks when the network is back", async () => {
  const { provider, told } = open();
  await pass(2000);
  around.set({ online: false });
  expect(provider.measurements.state).toBe("offline");
  server.send("meanwhile");
  await pass(600_000);
  expect(server.names).toEqual(["Sync"]);
  around.set({ online: true });
  await pass(0);
  expect(told).toEqual(["messageCreated meanwhile"]);
});

test("before it was told an interval, failures are retried after 1, 2 and 4 s less chance, and say so", async () => {
  const error = (): Error => new TypeError("fetch failed");
  server.failures["Sync"] = [error(), error(), error(), error(), error()];
  const { provider } = open();
  await pass(0);
  expect(provider.measurements).toMatchObject({ state: "retrying", retryAt: Date.now() + 500 });
  expect(provider.measurements.error).toBeInstanceOf(RequestError);
  const { at } = server.asked.at(-1)!;
  await pass(60_000);
  expect(server.asked.slice(1, 6).map((one) => one.at - at)).toEqual([500, 1500, 3500, 8500, 16_500]);
  expect(provider.measurements).toMatchObject({ state: "online", retryAt: null, error: null });
});

test("whom the server told an interval polls no sooner after a failure either", async () => {
  const { provider } = open();
  await pass(0);
  const error = (): Error => new TypeError("fetch failed");
  server.failures["Sync"] = [error(), error(), error(), error(), error()];
  await pass(5000);
  expect(provider.measurements).toMatchObject({ state: "retrying", retryAt: Date.now() + 5000 });
  const { at } = server.asked.at(-1)!;
  await pass(60_000);
  expect(server.asked.slice(2, 7).map((one) => one.at - at)).toEqual([5000, 10_000, 15_000, 20_000, 28_000]);
});

test("what the server says of asking again goes first", async () => {
  const { provider } = open();
  await pass(0);
  server.failures["Sync"] = [refusal(429, "RATE_LIMITED", { retryAfterMs: 7000 }), refusal(503, "", {}, { "Retry-After": "9" })];
  await pass(5000);
  expect(provider.measurements).toMatchObject({ state: "retrying", retryAt: Date.now() + 7000, error: { code: "RATE_LIMITED" } });
  await pass(7000);
  expect(provider.measurements.retryAt).toBe(Date.now() + 9000);
});

test("a token that is not believed is renewed once; one that cannot be renewed ends it, until it is begun again", async () => {
  const token = vi.fn((renew: boolean) => (renew ? "new" : "old"));
  server.failures["Sync"] = [refusal(401, "UNAUTHENTICATED")];
  open({ token });
  await pass(0);
  expect(server.asked.map((one) => one.headers["Authorization"])).toEqual(["Bearer old", "Bearer new"]);
  expect(token.mock.calls).toEqual([[false], [true]]);

  server.failures["Sync"] = [refusal(401, "UNAUTHENTICATED")];
  const { provider } = open({ token: "fixed" });
  await pass(60_000);
  expect(provider.measurements).toMatchObject({ state: "stopped", error: { code: "UNAUTHENTICATED" } });
  provider.setTransport("polling");
  await pass(0);
  expect(provider.measurements.state).toBe("online");
});

test("a long poll brings news at once, and asks again after its time", async () => {
  const { provider, told } = open({ transport: "long-polling" });
  await pass(200);
  expect(server.asked.map((one) => one.variables["waitMs"])).toEqual([0, 25_000]);
  await pass(3000);
  server.send("now");
  await pass(0);
  expect(told).toEqual(["messageCreated now"]);
  await pass(50_000);
  expect(server.names).toHaveLength(5);
  expect(provider.measurements).toMatchObject({ state: "online", transport: "long-polling", notModified: 1 });
});

test("hiding ends a held request", async () => {
  open({ transport: "long-polling" });
  await pass(3000);
  around.set({ hidden: true });
  await pass(600_000);
  expect(server.names).toHaveLength(2);
});

test("changing the transport again and again loses and doubles nothing", async () => {
  server.pageSize = 3;
  const { provider } = open();
  const created: number[] = [];
  const newest = new Map<number, string>();
  provider.subscribe("c1", (event) => {
    if (event.type === "messageCreated") created.push(event.message.seq);
    if ("message" in event) newest.set(event.message.seq, event.message.content);
  });
  const transports: TransportName[] = ["polling", "long-polling"];
  for (let i = 0; i < 60; i += 1) {
    server.send(`m${i}`);
    if (i % 4 === 0) server.edit(Math.max(server.messages.length - 1, 1), { content: `edited ${i}` });
    if (i % 3 === 0) provider.setTransport(transports[i % 2]!);
    await pass(i * 37);
  }
  await pass(60_000);
  expect(created).toEqual(server.messages.map((one) => one.seq));
  expect([...newest.values()]).toEqual(server.messages.map((one) => one.content));
});

test("a reset is told, and everything begins anew", async () => {
  server.send("one");
  const { provider } = open();
  const told: unknown[] = [];
  provider.subscribe(null, (event) => told.push("reason" in event ? event.reason : "fresh" in event ? event.fresh : event.type));
  await pass(0);
  told.length = 0;
  server.resetReason = "HISTORY_REWRITTEN";
  await pass(5000);
  expect(told).toEqual(["HISTORY_REWRITTEN", "channel", true, "inbox"]);
});

test("unsubscribing and closing end what was begun; a send that waits is told", async () => {
  const { provider, told } = open();
  const own: string[] = [];
  const end = provider.subscribe("c1", (event) => own.push(event.type));
  await pass(0);
  end();
  server.send("later");
  await pass(5000);
  expect(own).toEqual(["channel"]);
  expect(told).toEqual(["messageCreated later"]);
  server.failures["SendMessage"] = [new TypeError("fetch failed")];
  const sending = provider.send("c1", "never").catch((error: unknown) => error);
  await pass(100);
  provider.close();
  expect(await sending).toMatchObject({ code: "CLOSED" });
  const { length } = server.asked;
  await pass(600_000);
  expect(server.asked).toHaveLength(length);
  expect(provider.measurements.state).toBe("stopped");
  expect(vi.getTimerCount()).toBe(0);
});

test("a listener that throws harms neither the others nor the connection", async () => {
  const thrown: unknown[] = [];
  const onRejection = (error: unknown): unknown => thrown.push(error);
  process.on("unhandledRejection", onRejection);
  const { provider } = open();
  const told: string[] = [];
  provider.subscribe("c1", () => {
    throw new Error("a mistake of the application");
  });
  provider.subscribe("c1", (event) => told.push(event.type));
  server.send("one");
  await pass(0);
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve));
  process.off("unhandledRejection", onRejection);
  expect(told).toEqual(["channel", "messageCreated"]);
  expect(thrown).toHaveLength(2);
  expect(provider.measurements).toMatchObject({ state: "online", error: null });
});

test("an answer that never comes is given up", async () => {
  const { provider } = open();
  await pass(0);
  vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) => new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))));
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const end = new AbortController();
    setTimeout(() => end.abort(), ms);
    return end.signal;
  });
  await pass(20_000);
  expect(provider.measurements).toMatchObject({ state: "retrying", error: { message: "Timed out.", code: "NETWORK" } });
});
