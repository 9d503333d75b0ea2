// What the chat client holds, over the same server.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ChatClient, createChatClient, EDIT_MESSAGE, MARK_NOTIFICATIONS_READ, SEARCH_CHANNELS } from "../src/chat/index.js";
import { ALICE, FakeServer, FakeSurroundings, refusal } from "./fake-server.js";

let server: FakeServer;
let around: FakeSurroundings;
let client: ChatClient;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
  server = new FakeServer();
  around = new FakeSurroundings();
  client = createChatClient({ url: "/graphql", token: "secret", environment: around });
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const held = (): string[] => (client.store.channels.get("c1")?.messages ?? []).map((one) => one.content);

async function begin(...contents: string[]): Promise<void> {
  for (const content of contents) server.send(content);
  client.observe(() => {});
  await pass(0);
}

test("a message is shown while it is on its way, and once when it has come back", async () => {
  await begin("one");
  expect(client.viewer).toEqual(ALICE);
  server.failures["SendMessage"] = [new TypeError("fetch failed")];
  const sending = client.send("c1", "mine");
  expect(client.pending("c1")).toMatchObject([{ content: "mine", status: "sending" }]);
  await pass(600);
  expect(client.pending("c1")).toMatchObject([{ content: "mine", status: "sent", message: await sending }]);
  expect(held()).toEqual(["one"]);
  await pass(5000);
  expect(client.pending("c1")).toEqual([]);
  expect(held()).toEqual(["one", "mine"]);
});

test("a message whose acknowledgement was lost is not shown twice", async () => {
  await begin();
  const sending = client.send("c1", "mine", { clientMessageId: "key" });
  await pass(0);
  server.failures["SendMessage"] = [new TypeError("fetch failed")];
  const again = client.send("c1", "mine", { clientMessageId: "key" });
  await pass(100);
  expect(client.pending("c1")).toHaveLength(1);
  await pass(5000);
  expect(client.pending("c1")).toEqual([]);
  expect((await again).id).toBe((await sending).id);
  expect(held()).toEqual(["mine"]);
});

test("somebody else's message with the same clientMessageId is not taken for the viewer's own", async () => {
  await begin();
  server.failures["SendMessage"] = [new TypeError("1"), new TypeError("2"), new TypeError("3"), new TypeError("4"), new TypeError("5")];
  void client.send("c1", "mine", { clientMessageId: "key" }); // it is closed while it waits
  server.send("theirs", { clientMessageId: "key" });
  await pass(5000);
  expect(held()).toEqual(["theirs"]);
  expect(client.pending("c1")).toMatchObject([{ content: "mine", status: "sending" }]);
});

test("a refused message stays until it is tried again or let go", async () => {
  await begin();
  const userErrors = [{ field: null, message: "Only members may do this.", code: "NOT_A_MEMBER" }];
  const refused = (): Response => new Response(JSON.stringify({ data: { sendMessage: { message: null, userErrors } } }));
  server.failures["SendMessage"] = [refused(), refused()];
  await expect(Promise.all([client.send("c1", "a"), pass(0)])).rejects.toThrow("Only members");
  const [failed] = client.pending("c1");
  expect(failed).toMatchObject({ status: "failed", error: { userErrors } });
  await expect(Promise.all([client.retry(failed!), pass(0)])).rejects.toThrow("Only members");
  await Promise.all([client.retry(failed!), pass(0)]);
  expect(client.pending("c1")).toMatchObject([{ status: "sent", clientMessageId: failed!.clientMessageId }]);
  client.discard(client.pending("c1")[0]!);
  expect(client.pending("c1")).toEqual([]);
});

test("edits, tombstones and reactions replace what is held; an older copy changes nothing", async () => {
  await begin("one", "two", "three");
  const older = server.messages[0]!;
  server.edit(2, { content: "", deletedAt: "now" });
  server.edit(3, { reactions: [{ emoji: "👍", count: 1, viewerHasReacted: true }] });
  await client.mutate(EDIT_MESSAGE, { input: { messageId: "m1", content: "one!" } });
  expect(held()).toEqual(["one!", "two", "three"]);
  client.store.put(older);
  await pass(5000);
  expect(held()).toEqual(["one!", "", "three"]);
  expect(client.store.channels.get("c1")!.messages[2]!.reactions).toHaveLength(1);
});

test("older messages are put before those held, without a hole, up to the first", async () => {
  server.limited = true;
  await begin("1", "2", "3", "4", "5", "6", "7");
  expect(held()).toEqual(["6", "7"]);
  expect(client.store.channels.get("c1")!.hasOlder).toBe(true);
  await Promise.all([client.loadOlder("c1", 3), client.loadOlder("c1", 3)]);
  expect(server.names.filter((one) => one === "Messages")).toHaveLength(1);
  expect(held()).toEqual(["3", "4", "5", "6", "7"]);
  await client.loadOlder("c1", 3);
  expect(held()).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  expect(client.store.channels.get("c1")!.hasOlder).toBe(false);
});

test("a change that overtakes the older messages it belongs to is not lost", async () => {
  server.limited = true;
  await begin("1", "2", "3", "4");
  const slow = server.messages.slice(0, 2);
  server.failures["Messages"] = [new Response(JSON.stringify({ data: { messages: { nodes: slow } } }))];
  const fetched = globalThis.fetch;
  let release = (): void => {};
  vi.stubGlobal("fetch", async (...given: Parameters<typeof fetch>) => {
    const response = await fetched(...given);
    if (String(given[1]!.body).includes("query Messages")) await new Promise<void>((resolve) => (release = resolve));
    return response;
  });
  const loading = client.loadOlder("c1");
  server.edit(1, { content: "1 edited" });
  await pass(5000);
  release();
  await loading;
  expect(held()).toEqual(["1 edited", "2", "3", "4"]);
});

test("older messages that come after the channel began anew are not put before what they do not belong to", async () => {
  server.limited = true;
  await begin("1", "2", "3", "4");
  const generation = client.store.generation("c1");
  const before = client.store.olderFrom("c1");
  expect(before).toBe("c1:3");
  for (const content of ["5", "6", "7", "8"]) server.send(content);
  server.limited = true;
  await pass(5000);
  expect(held()).toEqual(["7", "8"]);
  client.store.putOlder("c1", server.messages.slice(0, 2), generation);
  expect(held()).toEqual(["7", "8"]);
});

test("after a reset what was shown stays until it is replaced; what does not come again is gone", async () => {
  await begin("one");
  const other = { ...client.store.channels.get("c1")!, id: "c2" };
  client.store.channels = new Map(client.store.channels).set("c2", other);
  server.messages = [];
  server.send("another history");
  server.resetReason = "HISTORY_REWRITTEN";
  const seen: string[][] = [];
  client.observe(() => seen.push(held()));
  await pass(5000);
  expect(held()).toEqual(["another history"]);
  expect(seen.filter((one) => one.length === 0)).toEqual([]);
  expect([...client.store.channels.keys()]).toEqual(["c1"]);
});

test("the newest messages of a channel that only was read join what comes later", async () => {
  await begin();
  for (const content of ["1", "2", "3"]) server.send(content);
  await client.loadOlder("c1");
  expect(held()).toEqual(["1", "2", "3"]);
  server.send("4");
  await pass(5000);
  expect(held()).toEqual(["1", "2", "3", "4"]);
});

test("notifications are held newest first, and what is read stays read", async () => {
  server.notify("n1");
  await begin();
  await pass(10);
  server.notify("n2");
  await pass(5000);
  expect(client.store.notifications.map((one) => one.id)).toEqual(["n2", "n1"]);
  expect(client.store.inbox!.unreadCount).toBe(2);
  const before = server.notifications[1]!;
  await client.mutate(MARK_NOTIFICATIONS_READ, { ids: ["n2"] });
  client.store.putNotifications([before]);
  expect(client.store.notifications[0]!.readAt).toBe("now");
  expect(client.store.inbox!.unreadCount).toBe(1);
});

test("a watched channel is asked for in the same request, and its interval is obeyed", async () => {
  await begin();
  server.channelIntervalMs = 1000;
  const unwatch = client.watch("c1");
  await pass(0);
  expect(client.presence.get("c1")).toMatchObject({ activeUsers: 2 });
  await pass(5000);
  server.asked.length = 0;
  await pass(3000);
  expect(server.asked.map((one) => [one.name, one.variables["watched"]])).toEqual(Array(3).fill(["SyncAndPresence", ["c1"]]));
  expect(client.measurements.interval).toMatchObject({ milliseconds: 1000, reason: "BUSY", activeUsers: 2 });
  unwatch();
  unwatch();
  await pass(2000);
  server.asked.length = 0;
  await pass(10_000);
  expect(server.asked.map((one) => one.variables["watched"])).toEqual([[], []]);
});

test("beside a held request, presence is asked for at its own pace, and not while the page is hidden", async () => {
  client.setTransport("long-polling");
  await begin();
  client.watch("c1");
  await pass(11_000);
  expect(server.names.filter((one) => one === "Presence")).toHaveLength(3);
  around.set({ hidden: true });
  await pass(60_000);
  expect(server.names.filter((one) => one === "Presence")).toHaveLength(3);
  around.set({ hidden: false });
  await pass(0);
  expect(server.names.filter((one) => one === "Presence")).toHaveLength(4);
});

test("round trips and deliveries are measured", async () => {
  await begin("one");
  expect(client.samples.roundTrips.length).toBeGreaterThan(0);
  expect(client.samples.deliveries).toEqual([]);
  await pass(1000);
  server.send("two");
  await pass(4000);
  expect(client.samples.deliveries).toEqual([{ at: Date.now(), ms: 4000 }]);
});

test("a token that is not believed is renewed for what the viewer does, too", async () => {
  client.close();
  client = createChatClient({ url: "/graphql", token: (renew) => (renew ? "new" : "old"), environment: around });
  await begin("one");
  server.failures["EditMessage"] = [refusal(401, "UNAUTHENTICATED")];
  await client.mutate(EDIT_MESSAGE, { input: { messageId: "m1", content: "one!" } });
  expect(held()).toEqual(["one!"]);
  expect(server.asked.at(-1)!.headers["Authorization"]).toBe("Bearer new");
});

test("operations of one's own are asked as they are", async () => {
  await expect(client.request(SEARCH_CHANNELS, { text: "gen" })).rejects.toThrow("does not know SearchChannels");
});
