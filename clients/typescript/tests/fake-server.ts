// A server of one channel's worth of truth behind `fetch`, whose clock is the test's.
import { vi } from "vitest";
import type { ChannelFields, MessageFields, NotificationFields, SyncPageFields } from "../src/generated/operations.js";

export const CHANNEL: ChannelFields = {
  id: "c1", name: "general", topic: "", kind: "PUBLIC", createdAt: "2026-01-01T00:00:00.000000Z", archivedAt: null,
  memberCount: 2, unreadCount: 0, mentionCount: 0, lastReadCursor: null, viewerRole: "MEMBER",
};
export const ALICE = { id: "alice", name: "Alice", image: null };
export const BOB = { id: "bob", name: "Bob", image: null };

type Variables = Record<string, unknown> & { readonly input?: Record<string, string> };

export interface Asked {
  readonly name: string;
  readonly at: number;
  readonly variables: Variables;
  readonly headers: Record<string, string>;
}

/** What to answer instead: a response, or an error that fetch throws. */
type Failure = Response | Error;

export const refusal = (status: number, code: string, more: object = {}, headers: HeadersInit = {}): Response =>
  new Response(JSON.stringify({ errors: [{ message: code, extensions: { code, ...more } }] }), { status, headers });

export class FakeServer {
  readonly asked: Asked[] = [];
  /** By operation, what the next requests get instead of an answer. */
  readonly failures: Record<string, Failure[]> = {};
  messages: MessageFields[] = [];
  notifications: NotificationFields[] = [];
  intervalMs = 5000;
  channelIntervalMs = 5000;
  pageSize = 100;
  /** Set it for the next page alone. */
  resetReason: string | null = null;
  limited = false;
  #version = 0;
  #release: (() => void)[] = [];

  constructor() {
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => this.#fetch(url, init));
  }

  /** Names of the operations asked so far. */
  get names(): string[] {
    return this.asked.map((one) => one.name);
  }

  send(content: string, more: Partial<MessageFields> = {}): MessageFields {
    const seq = this.messages.length + 1;
    const message: MessageFields = {
      id: `m${seq}`, cursor: `c1:${seq}`, seq, version: (this.#version += 1), channelId: "c1", author: BOB, content,
      createdAt: new Date().toISOString(), editedAt: null, deletedAt: null, clientMessageId: null, replyTo: null,
      mentions: [], reactions: [], ...more,
    };
    this.messages.push(message);
    this.#wake();
    return message;
  }

  edit(seq: number, change: Partial<MessageFields>): MessageFields {
    const message = { ...this.messages[seq - 1]!, ...change, version: (this.#version += 1) };
    this.messages[seq - 1] = message;
    this.#wake();
    return message;
  }

  notify(id: string): void {
    this.notifications.push({
      id, type: "system", title: `title of ${id}`, content: "content", link: null,
      createdAt: new Date().toISOString(), seenAt: null, readAt: null, archivedAt: null, actor: null, message: null,
    });
    this.#version += 1;
    this.#wake();
  }

  #wake(): void {
    for (const release of this.#release.splice(0)) release();
  }

  async #fetch(_: string, { body, headers, signal }: RequestInit): Promise<Response> {
    const { query, variables } = JSON.parse(String(body)) as { query: string; variables: Variables };
    const name = /(?:query|mutation) (\w+)/.exec(query)![1]!;
    const given = headers as Record<string, string>;
    this.asked.push({ name, at: Date.now(), variables, headers: given });
    const failure = this.failures[name]?.shift();
    if (failure instanceof Error) throw failure;
    if (failure) return failure;
    const waitMs = Number(variables["waitMs"] ?? 0);
    if (waitMs > 0 && variables["token"] === `t${this.#version}`) await this.#hold(waitMs, signal!);
    signal?.throwIfAborted();
    const text = JSON.stringify({ data: this.#data(name, variables) });
    const etag = `W/"${btoa(encodeURIComponent(text))}"`;
    if (given["If-None-Match"] === etag) return new Response(null, { status: 304 });
    return new Response(text, { headers: name.startsWith("Sync") ? { ETag: etag } : {} });
  }

  #hold(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#release.push(resolve);
      signal.addEventListener("abort", () => resolve());
      setTimeout(resolve, ms);
    });
  }

  #data(name: string, variables: Variables): unknown {
    switch (name) {
      case "Sync":
      case "SyncAndPresence":
        return { sync: this.#page(variables["token"] as string | null), nodes: this.#presence(variables["watched"]) };
      case "Presence":
        return { nodes: this.#presence(variables["ids"]) };
      case "Viewer":
        return { viewer: ALICE };
      case "SendMessage":
        return { sendMessage: { message: this.#sent(variables.input!), userErrors: [] } };
      case "EditMessage":
        return { editMessage: { message: this.edit(Number(variables.input!["messageId"]!.slice(1)), { content: variables.input!["content"]! }), userErrors: [] } };
      case "Messages": {
        const before = variables["before"] === null ? Infinity : Number(String(variables["before"]).slice(3));
        return { messages: { nodes: this.messages.filter((one) => one.seq < before).slice(-Number(variables["last"])) } };
      }
      case "MarkNotificationsRead": {
        const ids = variables["ids"] as string[];
        this.notifications = this.notifications.map((one) => (ids.includes(one.id) ? { ...one, seenAt: "now", readAt: "now" } : one));
        const notifications = this.notifications.filter((one) => ids.includes(one.id));
        return { markNotificationsRead: { notifications, inbox: this.#inbox(), userErrors: [] } };
      }
      case "TouchPresence":
        return { touchPresence: { channel: this.#presence(["c1"])[0], userErrors: [] } };
    }
    throw new Error(`the fake server does not know ${name}`);
  }

  #sent(input: Record<string, string>): MessageFields {
    const known = this.messages.find((one) => one.clientMessageId === input["clientMessageId"]);
    return known ?? this.send(input["content"]!, { author: ALICE, clientMessageId: input["clientMessageId"]! });
  }

  #inbox(): SyncPageFields["inbox"] {
    const unreadCount = this.notifications.filter((one) => !one.readAt).length;
    return { id: "inbox", unreadCount, unseenCount: unreadCount };
  }

  #presence(ids: unknown): unknown[] {
    const pollingInterval = { milliseconds: this.channelIntervalMs, reason: "BUSY", activeUsers: 2, serverLoad: 0 };
    return ((ids ?? []) as string[]).map((id) => ({ id, activeUsers: 2, onlineUsers: [ALICE, BOB], typingUsers: [ALICE, BOB], pollingInterval }));
  }

  #page(token: string | null): SyncPageFields {
    const since = token === null || this.resetReason ? 0 : Number(token.slice(1));
    const changed = this.messages.filter((one) => one.version > since).sort((a, b) => a.version - b.version);
    const messages = this.limited ? this.messages.slice(-2) : changed.slice(0, this.pageSize);
    const hasMore = !this.limited && changed.length > this.pageSize;
    const isNew = since === 0 || this.#version > since;
    const page: SyncPageFields = {
      token: hasMore ? `t${messages.at(-1)!.version}` : `t${this.#version}`,
      hasMore,
      resetReason: this.resetReason,
      channels: isNew
        ? [{ channel: CHANNEL, messages, limited: this.limited, gapCursor: this.limited ? (messages[0]?.cursor ?? null) : null, headCursor: this.messages.at(-1)?.cursor ?? null }]
        : [],
      removedChannelIds: [],
      notifications: isNew ? this.notifications : [],
      inbox: this.#inbox(),
      pollingInterval: { milliseconds: this.intervalMs, reason: "STEADY", activeUsers: null, serverLoad: 0 },
    };
    this.resetReason = null;
    this.limited = false;
    return page;
  }
}

/** Surroundings that a test changes. */
export class FakeSurroundings {
  online = true;
  hidden = false;
  readonly #listeners = new Set<() => void>();

  isOnline = (): boolean => this.online;
  isHidden = (): boolean => this.hidden;
  onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(change: { readonly online?: boolean; readonly hidden?: boolean }): void {
    Object.assign(this, change);
    for (const listener of [...this.#listeners]) listener();
  }
}
