// Truth and pages of `sync` by the contract, small enough to be believed: for random histories.
import type { ChannelFields, MessageFields, SyncPageFields } from "../src/generated/operations.js";
import { BOB, CHANNEL } from "./fake-server.js";

/** Of each channel the version up to which its messages were given, and the seq above which they are left out. */
interface Place {
  readonly version: number;
  readonly ceiling: number | null;
}

interface Room {
  readonly messages: MessageFields[];
  /** By seq, the version with which each message was created. */
  readonly created: number[];
  joined: boolean;
}

/** As on the server, but smaller, so that few messages are many. */
const NEWEST = 3;
const FAR = 8;

export class ModelServer {
  readonly rooms = new Map<string, Room>();
  #version = 0;
  #epoch = 0;
  readonly #tokens = new Map<string, { readonly epoch: number; readonly places: ReadonlyMap<string, Place>; readonly given: ReadonlySet<string> }>();

  constructor(
    names: readonly string[],
    readonly random: () => number,
  ) {
    for (const name of names) this.rooms.set(name, { messages: [], created: [], joined: true });
  }

  send(name: string): MessageFields {
    const { messages, created } = this.rooms.get(name)!;
    const seq = messages.length + 1;
    const message: MessageFields = {
      id: `${name}-${seq}`, cursor: `${name}:${seq}`, seq, version: (this.#version += 1), channelId: name, author: BOB, content: `${seq}`,
      createdAt: "", editedAt: null, deletedAt: null, clientMessageId: null, replyTo: null, mentions: [], reactions: [],
    };
    messages.push(message);
    created.push(message.version);
    return message;
  }

  change(name: string, seq: number): MessageFields | null {
    const { messages } = this.rooms.get(name)!;
    const known = messages[seq - 1];
    if (!known) return null;
    return (messages[seq - 1] = { ...known, version: (this.#version += 1), content: `${known.content}!` });
  }

  /** As after a restore: what was sent last is gone, and old tokens are of another history. */
  rewind(): void {
    this.#epoch += 1;
    for (const { messages, created } of this.rooms.values()) {
      messages.splice(Math.floor(messages.length / 2));
      created.splice(messages.length);
    }
  }

  page(token: string | null, limit: number): SyncPageFields {
    const known = token === null ? undefined : this.#tokens.get(token);
    const isFresh = known?.epoch !== this.#epoch;
    const places = new Map(isFresh ? [] : known.places);
    const given = new Set(isFresh ? [] : known.given);
    const removed = [...given].filter((name) => !this.rooms.get(name)!.joined);
    for (const name of removed) {
      places.delete(name);
      given.delete(name);
    }
    // A token forgets channels now and then, as one with too many of them does.
    if (this.random() < 0.05) places.delete([...places.keys()][0] ?? "");
    const channels: SyncPageFields["channels"][number][] = [];
    let left = limit;
    let hasMore = false;
    for (const [name, { messages, created, joined }] of this.rooms) {
      if (!joined || hasMore) continue;
      const place = places.get(name);
      const newest = messages.slice(-Math.min(NEWEST, limit));
      if (!place) {
        if (newest.length > left) hasMore = true;
        else {
          channels.push(this.#delta(name, newest, newest.length < messages.length));
          places.set(name, { version: this.#version, ceiling: null });
          left -= newest.length;
        }
        continue;
      }
      const lacking = messages.filter((one) => one.version > place.version).sort((a, b) => a.version - b.version);
      if (lacking.length === 0 && place.ceiling === null) continue;
      const held = created.filter((version) => version <= place.version).length;
      const ceiling = place.ceiling ?? (messages.length - held > FAR ? held : null);
      const changed = lacking.filter((one) => ceiling === null || one.seq <= ceiling);
      const more = ceiling === null ? [] : newest.filter((one) => !changed.includes(one));
      if (changed.length + more.length <= left) {
        channels.push(this.#delta(name, [...changed, ...more].sort((a, b) => a.version - b.version), ceiling !== null));
        places.set(name, { version: this.#version, ceiling: null });
        left -= changed.length + more.length;
      } else {
        const part = changed.slice(0, left);
        const version = part.at(-1)?.version ?? place.version;
        if (part.length > 0) channels.push(this.#delta(name, part, false));
        places.set(name, { version, ceiling });
        hasMore = true;
      }
    }
    const same = !isFresh && channels.length === 0 && removed.length === 0 && !hasMore;
    const next = same ? token! : `t${this.#tokens.size}`;
    for (const { channel } of channels) given.add(channel.id);
    if (!same) this.#tokens.set(next, { epoch: this.#epoch, places, given });
    return {
      token: next, hasMore, resetReason: token !== null && isFresh ? "HISTORY_REWRITTEN" : null, channels, removedChannelIds: removed,
      notifications: [], inbox: { id: "i", unreadCount: 0, unseenCount: 0 },
      pollingInterval: { milliseconds: 1000, reason: "STEADY", activeUsers: null, serverLoad: null },
    };
  }

  #delta(name: string, messages: MessageFields[], limited: boolean): SyncPageFields["channels"][number] {
    const all = this.rooms.get(name)!.messages;
    const channel: ChannelFields = { ...CHANNEL, id: name };
    const first = limited ? all.slice(-Math.min(NEWEST, messages.length)).find((one) => messages.includes(one)) : undefined;
    return { channel, messages, limited, gapCursor: first?.cursor ?? null, headCursor: all.at(-1)?.cursor ?? null };
  }
}
