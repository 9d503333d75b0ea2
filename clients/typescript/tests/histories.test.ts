// Whatever happens, in whatever order answers come: what is held is what the server has, and each message was told once.
import { expect, test } from "vitest";
import { Store } from "../src/chat/store.js";
import type { MessageFields } from "../src/generated/operations.js";
import { News } from "../src/protocol/news.js";
import { ModelServer } from "./model-server.js";

const HISTORIES = 400;
const STEPS = 120;
const ROOMS = ["a", "b", "c", "d"];

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const stateOf = ({ seq, version, content }: MessageFields): string => `${seq} v${version} ${content}`;

interface Asked {
  readonly room: string;
  readonly found: readonly MessageFields[];
  readonly generation: number;
}

class History {
  readonly random: () => number;
  readonly server: ModelServer;
  readonly news = new News({ token: null, heads: {} });
  readonly store = new Store();
  /** Of the last page, given or held back. */
  token: string | null = null;
  hasMore = true;
  /** Older messages that were read and did not arrive yet. */
  readonly under = new Map<string, Asked>();
  readonly told = new Map<string, number>();
  gaps = 0;
  resets = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.server = new ModelServer(ROOMS, this.random);
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  fetch(limit: number): void {
    const page = this.server.page(this.token, limit);
    this.token = page.token;
    this.hasMore = page.hasMore;
    const { events, deltas } = this.news.take(page);
    for (const event of events) {
      if (event.type === "reset") this.told.clear();
      if (event.type === "reset") this.resets += 1;
      if (event.type === "channelRemoved") this.told.delete(event.channelId);
      if (event.type === "gap") {
        this.gaps += 1;
        expect(deltas.find((delta) => delta.channel.id === event.channelId)!.limited).toBe(true);
        this.told.delete(event.channelId);
      }
      if (event.type !== "messageCreated") continue;
      const last = this.told.get(event.channelId);
      if (last !== undefined) expect(event.message.seq).toBe(last + 1);
      this.told.set(event.channelId, event.message.seq);
    }
    this.store.apply(events, deltas);
  }

  step(): void {
    const room = ROOMS[this.below(ROOMS.length)]!;
    const { messages } = this.server.rooms.get(room)!;
    const what = this.random();
    if (what < 0.3) for (let i = this.below(12); i >= 0; i -= 1) this.server.send(room);
    else if (what < 0.45) {
      const found = this.under.get(room)?.found ?? []; // changes that overtake what is on its way
      const seq = found[this.below(found.length)]?.seq ?? 1 + this.below(messages.length);
      const changed = this.server.change(room, seq);
      if (changed && this.random() < 0.5) this.store.put(changed); // the viewer's own, by a mutation
    } else if (what < 0.75) this.fetch(1 + this.below(12));
    else if (what < 0.85) this.ask(room);
    else if (what < 0.95) this.arrive(room);
    else if (what < 0.96) this.server.rewind();
    else if (what < 0.98) {
      this.token = this.news.token; // another transport
    } else this.server.rooms.get(room)!.joined = !this.server.rooms.get(room)!.joined;
  }

  ask(room: string): void {
    if (this.under.has(room) || !this.server.rooms.get(room)!.joined || !this.store.channels.has(room)) return;
    const generation = this.store.generation(room);
    const before = this.store.olderFrom(room);
    const seq = before === null ? Infinity : Number(before.split(":")[1]);
    const found = this.server.rooms.get(room)!.messages.filter((one) => one.seq < seq).slice(-4);
    this.under.set(room, { room, found, generation });
  }

  arrive(room: string): void {
    const asked = this.under.get(room);
    if (!asked) return;
    this.under.delete(room);
    this.store.putOlder(room, asked.found, asked.generation);
  }

  settle(): void {
    for (const room of ROOMS) this.arrive(room);
    for (let i = 0; i < 500; i += 1) {
      this.fetch(5);
      if (!this.hasMore) return;
    }
    throw new Error("hasMore does not end");
  }

  check(): void {
    const joined = ROOMS.filter((room) => this.server.rooms.get(room)!.joined);
    expect([...this.store.channels.keys()].sort()).toEqual(joined);
    for (const room of joined) {
      const { messages } = this.server.rooms.get(room)!;
      const view = this.store.channels.get(room)!;
      expect(view.messages.map(stateOf)).toEqual(view.messages.length ? messages.slice(-view.messages.length).map(stateOf) : []);
      expect(view.hasOlder).toBe(view.messages.length < messages.length);
    }
  }
}

test("a client holds what the server has, whatever happened", () => {
  let gaps = 0;
  let resets = 0;
  let loaded = 0;
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const history = new History(seed);
    try {
      for (let i = 0; i < STEPS; i += 1) {
        history.step();
        if (i % 40 !== 39) continue;
        history.settle();
        history.check();
      }
    } catch (error) {
      throw new Error(`history ${seed}`, { cause: error });
    }
    gaps += history.gaps;
    resets += history.resets;
    loaded += [...history.store.channels.values()].filter((view) => view.messages.length > 3).length;
  }
  // It went through what is rare, too.
  expect(Math.min(gaps, resets, loaded)).toBeGreaterThan(100);
});
