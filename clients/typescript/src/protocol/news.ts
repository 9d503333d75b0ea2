// What of a page is news, as pure state: pages go in, events come out (clients/VECTORS.md).
// Rule: every message is created once, in order of seq, without a hole that no `gap` names; what was given is not given again.
import type { ChannelFields, InboxFields, MessageFields, NotificationFields, SyncPageFields } from "../generated/operations.js";

/** Where a channel's messages end that were given. `seq` is null where only the cursor is known, 0 before the first. */
export interface Head {
  readonly seq: number | null;
  readonly cursor: string | null;
}

/** Where to resume. `whole` (true if absent): `heads` has every channel that the token covers, not only some. */
export interface Position {
  readonly token: string | null;
  readonly heads: Readonly<Record<string, Head>>;
  readonly whole?: boolean;
}

export type SyncEvent =
  | { readonly type: "reset"; readonly reason: string }
  | { readonly type: "channelRemoved"; readonly channelId: string }
  | { readonly type: "channel"; readonly channelId: string; readonly channel: ChannelFields }
  /** Messages given of it may have changed without word: those before the cursor, or with null all. */
  | { readonly type: "stale"; readonly channelId: string; readonly before: string | null }
  /** Messages after `after` (null: none known) were left out: those before `before`, or else up to and including `until`. */
  | { readonly type: "gap"; readonly channelId: string; readonly after: string | null; readonly before: string | null; readonly until: string | null }
  /** `fresh`: it is part of a fresh start of its channel. */
  | { readonly type: "messageCreated"; readonly channelId: string; readonly fresh: boolean; readonly message: MessageFields }
  | { readonly type: "messageUpdated" | "messageDeleted"; readonly channelId: string; readonly message: MessageFields }
  | { readonly type: "notificationCreated"; readonly fresh: boolean; readonly notification: NotificationFields }
  | { readonly type: "notificationUpdated"; readonly notification: NotificationFields }
  | { readonly type: "inbox"; readonly inbox: InboxFields }
  /** All up to this token was given; `caughtUp`: nothing more is waiting. */
  | { readonly type: "checkpoint"; readonly token: string; readonly caughtUp: boolean };

export type Delta = SyncPageFields["channels"][number];

const bySeq = (a: MessageFields, b: MessageFields): number => a.seq - b.seq;
const byVersion = (a: MessageFields, b: MessageFields): number => a.version - b.version;

export class News {
  token: string | null;
  /** Whether there was a checkpoint yet. */
  #checked = false;
  readonly #heads: Map<string, Head>;
  /** Whether a channel without a head is one that begins. */
  #isWhole: boolean;
  /** Pages that cannot be given before others fill their holes, as one. They may come again: nothing is given twice. */
  #held: SyncPageFields | null = null;
  /** By channel and seq, of the messages given. */
  readonly #versions = new Map<string, Map<number, number>>();
  /** What was given last of channels, notifications and the inbox. */
  readonly #given = new Map<string, string>();
  readonly #removed = new Set<string>();

  constructor({ token, heads, whole = true }: Position) {
    this.token = token;
    this.#heads = new Map(Object.entries(heads));
    this.#isWhole = whole;
  }

  get position(): Required<Position> {
    return { token: this.token, heads: Object.fromEntries(this.#heads), whole: this.#isWhole };
  }

  /** Take in a page; returns what it changed, and its deltas where they were given. */
  take(page: SyncPageFields): { readonly events: SyncEvent[]; readonly deltas: readonly Delta[] } {
    const events: SyncEvent[] = [];
    const known = [this.#heads, this.#versions, this.#given];
    const reason = page.resetReason;
    if (reason) {
      this.#held = null;
      this.#isWhole = true;
      for (const one of [...known, this.#removed]) one.clear();
      events.push({ type: "reset", reason });
    }
    const whole = this.#held ? joined(this.#held, page) : page;
    if (page.hasMore && whole.channels.some((delta) => this.#isOpen(delta))) {
      this.#held = whole;
      return { events, deltas: [] };
    }
    this.#held = null;
    const { token, resetReason, removedChannelIds, channels, notifications, inbox, hasMore } = whole;
    const fresh = !!resetReason || this.token === null;
    for (const channelId of removedChannelIds) {
      if (!this.#removed.has(channelId)) events.push({ type: "channelRemoved", channelId });
      this.#removed.add(channelId);
      for (const one of known) one.delete(channelId);
    }
    for (const delta of channels) this.#channel(delta, events);
    for (const one of notifications) this.#notification(one, fresh, events);
    if (this.#isOther("inbox", inbox)) events.push({ type: "inbox", inbox });
    if (token !== this.token || !this.#checked) events.push({ type: "checkpoint", token, caughtUp: !hasMore });
    this.#checked = true;
    this.token = token;
    return { events, deltas: channels };
  }

  /** Whether later pages bring what comes before something in this delta. */
  #isOpen(delta: Delta): boolean {
    const head = this.#headOf(delta);
    if (head === undefined) return !this.#isWhole;
    if (head.seq === null) return true;
    const created = new Set(delta.messages.map((one) => one.seq).filter((seq) => seq > head.seq!));
    const first = delta.limited ? Math.min(...created) : head.seq + 1;
    return created.size > 0 && Math.max(...created) !== first + created.size - 1;
  }

  /** What is known of a channel's head before a delta; undefined where nothing is. */
  #headOf(delta: Delta): Head | undefined {
    const head = this.#heads.get(delta.channel.id);
    if (!head || head.seq !== null) return head;
    const last = delta.messages.find((one) => one.cursor === head.cursor);
    return last ? { seq: last.seq, cursor: last.cursor } : head;
  }

  #channel(delta: Delta, events: SyncEvent[]): void {
    const { channel, headCursor, limited } = delta;
    const { id: channelId } = channel;
    this.#removed.delete(channelId);
    if (this.#isOther(channelId, channel)) events.push({ type: "channel", channelId, channel });
    const head = this.#headOf(delta);
    const fresh = !head && this.#isWhole;
    if (limited && !fresh) events.push({ type: "stale", channelId, before: delta.gapCursor });
    const first = this.#firstCreated(delta, head, fresh);
    const versions = this.#versions.get(channelId) ?? new Map<number, number>();
    this.#versions.set(channelId, versions);
    const news = new Map<number, MessageFields>();
    for (const one of [...delta.messages].sort(byVersion)) {
      if ((versions.get(one.seq) ?? 0) >= one.version) continue;
      versions.set(one.seq, one.version);
      news.delete(one.seq); // so that the order is that of the versions
      news.set(one.seq, one);
    }
    let end: Head | null = fresh ? null : (head ?? { seq: null, cursor: null });
    const gap = (before: string | null, until: string | null): void => {
      events.push({ type: "gap", channelId, after: end!.cursor, before, until });
    };
    for (const message of [...news.values()].filter((one) => one.seq >= first).sort(bySeq)) {
      if (end && (end.seq === null ? limited : message.seq !== end.seq + 1)) gap(message.cursor, null);
      end = message;
      events.push({ type: "messageCreated", channelId, fresh, message });
    }
    for (const message of news.values()) {
      if (message.seq < first) events.push({ type: message.deletedAt ? "messageDeleted" : "messageUpdated", channelId, message });
    }
    if (headCursor !== (end?.cursor ?? null) && (limited || end?.seq == null)) {
      if (end && limited) gap(null, headCursor);
      end = { seq: null, cursor: headCursor };
    }
    this.#heads.set(channelId, { seq: end ? end.seq : 0, cursor: end?.cursor ?? null });
  }

  /** The seq from which on messages are created; those below it were given before, or to another. */
  #firstCreated({ messages, limited, gapCursor, headCursor }: Delta, head: Head | undefined, fresh: boolean): number {
    if (fresh) return 0;
    if (head && head.seq !== null) return head.seq + 1;
    if (head && head.cursor === headCursor) return Infinity;
    if (limited) return messages.find((one) => one.cursor === gapCursor)?.seq ?? Infinity;
    let first = Infinity;
    for (const one of [...messages].sort(bySeq).reverse()) {
      if (first === Infinity ? one.cursor !== headCursor : one.seq !== first - 1) break;
      first = one.seq;
    }
    return first;
  }

  #notification(notification: NotificationFields, fresh: boolean, events: SyncEvent[]): void {
    const { id, seenAt, readAt, archivedAt } = notification;
    const isKnown = this.#given.has(id);
    if (!this.#isOther(id, [seenAt, readAt, archivedAt])) return;
    const created = !isKnown && (fresh || !(seenAt || readAt || archivedAt));
    events.push(created ? { type: "notificationCreated", fresh, notification } : { type: "notificationUpdated", notification });
  }

  /** Whether this is another state of something than the one given last; it is given now. */
  #isOther(key: string, state: unknown): boolean {
    const text = JSON.stringify(state);
    const other = this.#given.get(key) !== text;
    this.#given.set(key, text);
    return other;
  }
}

/** Two pages that follow one another, as one. */
function joined(held: SyncPageFields, page: SyncPageFields): SyncPageFields {
  const deltas = new Map(held.channels.map((delta) => [delta.channel.id, delta]));
  for (const id of page.removedChannelIds) deltas.delete(id);
  for (const delta of page.channels) {
    const before = deltas.get(delta.channel.id);
    const from = delta.limited || !before ? delta : before;
    deltas.set(delta.channel.id, {
      ...delta,
      limited: from.limited,
      gapCursor: from.gapCursor,
      messages: [...(before?.messages ?? []), ...delta.messages],
    });
  }
  return {
    ...page,
    resetReason: held.resetReason,
    channels: [...deltas.values()],
    removedChannelIds: [...held.removedChannelIds, ...page.removedChannelIds],
    notifications: [...held.notifications, ...page.notifications],
  };
}
