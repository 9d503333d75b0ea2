// A conversation over a real server, which is started again in the middle of it (tests/api/test_typescript_client.py).
import { writeFileSync } from "node:fs";
import { afterAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import {
  ADD_REACTION, type ChatClient, CREATE_CHANNEL, createChatClient, DELETE_MESSAGE, EDIT_MESSAGE, JOIN_CHANNEL, MARK_CHANNEL_READ, type TransportName,
} from "../src/chat/index.js";
import { createRealtimeProvider } from "../src/index.js";

const { POLLUX_URL, POLLUX_ALICE, POLLUX_BOB, POLLUX_MARK } = process.env as Record<string, string>;
const TRANSPORTS: readonly TransportName[] = ["polling", "long-polling", "websocket"];
const MESSAGES = 200;

vi.stubGlobal("WebSocket", globalThis.WebSocket ?? WebSocket); // Node 20 has none
const closing: { close(): void }[] = [];
afterAll(() => {
  for (const one of closing) one.close();
});

function client(token: string, transport: TransportName): ChatClient {
  const one = createChatClient({ url: POLLUX_URL!, token, transport });
  closing.push(one);
  one.observe(() => {});
  return one;
}

const wait = { timeout: 60_000, interval: 50 };
const seqs = (one: ChatClient, channelId: string): number[] => (one.store.channels.get(channelId)?.messages ?? []).map(({ seq }) => seq);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test("two people talk over all transports and a restart: nothing is lost, doubled or out of order", async () => {
  const alice = client(POLLUX_ALICE!, "polling");
  const bob = client(POLLUX_BOB!, "long-polling");
  const { channel } = await alice.mutate(CREATE_CHANNEL, { input: { name: `live ${Date.now()}` } });
  const { id } = channel!;
  await bob.mutate(JOIN_CHANNEL, { channelId: id });
  await vi.waitFor(() => expect([alice, bob].map((one) => one.store.channels.has(id))).toEqual([true, true]), wait);
  const listener = createRealtimeProvider({ url: POLLUX_URL!, token: POLLUX_BOB!, transport: TRANSPORTS.at(-1)! });
  closing.push(listener);
  const told: number[] = [];
  let outages = 0;
  const count = (event: { readonly type: string }): void => void (outages += +(event.type === "offline"));
  listener.subscribe(null, count);
  alice.subscribe(null, count);
  listener.subscribe(id, (event) => {
    if (event.type === "messageCreated") told.push(event.message.seq);
  });
  await vi.waitFor(() => expect(listener.measurements.state).toBe("online"), wait);
  const shown: number[] = [];
  bob.subscribe(id, (event) => {
    if (event.type === "messageCreated") shown.push(event.message.seq);
  });
  alice.watch(id);
  bob.watch(id);

  const sent: Promise<{ readonly seq: number }>[] = [];
  for (let i = 0; i < MESSAGES || outages === 0; i += 1) {
    sent.push((i % 2 ? alice : bob).send(id, `message ${i}`));
    if (i % 20 === 0) await Promise.all(sent.slice(-20));
    if (i % 25 === 0) bob.setTransport(TRANSPORTS[(i / 25) % TRANSPORTS.length]!);
    if (i === MESSAGES / 2) writeFileSync(POLLUX_MARK!, "now");
    if (i >= MESSAGES / 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(i).toBeLessThan(20_000);
  }
  const stored = await Promise.all(sent);
  const last = sent.length;
  expect(new Set(stored.map((one) => one.seq))).toHaveLength(last);
  await vi.waitFor(() => expect([told.length, seqs(alice, id).length, seqs(bob, id).length]).toEqual([last, last, last]), wait);
  expect(told).toEqual(upTo(last));
  expect(shown).toEqual(upTo(last));
  expect(seqs(alice, id)).toEqual(upTo(last));
  await vi.waitFor(() => expect([alice.pending(id), bob.pending(id)]).toEqual([[], []]), wait);

  const [first, second, third] = alice.store.channels.get(id)!.messages;
  const theirs = (author: string): ChatClient => (author === alice.viewer!.id ? alice : bob);
  await theirs(first!.author.id).mutate(EDIT_MESSAGE, { input: { messageId: first!.id, content: "edited" } });
  await theirs(second!.author.id).mutate(DELETE_MESSAGE, { messageId: second!.id });
  await bob.mutate(ADD_REACTION, { input: { messageId: third!.id, emoji: "👍" } });
  await bob.mutate(MARK_CHANNEL_READ, { channelId: id, cursor: bob.store.channels.get(id)!.messages.at(-1)!.cursor });
  for (const one of [alice, bob]) {
    await vi.waitFor(() => {
      const [edited, deleted, liked] = one.store.channels.get(id)!.messages;
      expect([edited!.content, deleted!.content, !!deleted!.deletedAt, liked!.reactions[0]?.count]).toEqual(["edited", "", true, 1]);
    }, wait);
  }
  expect(alice.store.channels.get(id)!.messages[2]!.reactions[0]!.viewerHasReacted).toBe(false);
  expect(bob.store.channels.get(id)!.channel!.unreadCount).toBe(0);

  const late = client(POLLUX_BOB!, "polling");
  await vi.waitFor(() => expect(seqs(late, id)).toHaveLength(20), wait);
  while (late.store.channels.get(id)!.hasOlder) await late.loadOlder(id);
  expect(late.store.channels.get(id)!.messages).toEqual(bob.store.channels.get(id)!.messages);
  expect(alice.presence.get(id)!.activeUsers).not.toBe(0);
});
