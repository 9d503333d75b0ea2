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
  /** Messages after `after` (null: none known) were left out: those before `before`, or else up to and including `until`. */
  | { readonly type: "gap"; readonly channelId: string; readonly after: string | null; readonly before: string | null; readonly until: string | null }
  /** `fresh`: it is part of a fresh start of its channel. */
  | ({ readonly type: "messageCreated"; readonly fresh: boolean } & MessageEvent)
  | ({ readonly type: "messageUpdated" | "messageDeleted" } & MessageEvent)
  | { readonly type: "notificationCreated"; readonly id: string; readonly fresh: boolean; readonly notification: NotificationFields }
  | { readonly type: "notificationUpdated"; readonly id: string; readonly notification: NotificationFields }
  | ({ readonly type: "inbox" } & InboxFields)
  /** All up to this token was given; `caughtUp`: nothing more is waiting. */
  | { readonly type: "checkpoint"; readonly token: string; readonly caughtUp: boolean };

interface MessageEvent {
  readonly channelId: string;
  readonly seq: number;
  readonly version: number;
  readonly message: MessageFields;
}

export type Delta = SyncPageFields["channels"][number];

const bySeq = (a: MessageFields, b: MessageFields): number => a.seq - b.seq;
const byVersion = (a: MessageFields, b: MessageFields): number => a.version - b.version;

export class News {
  token: string | null;
  #heads: Map<string, Head>;
  /** Whether a channel without a head is one that begins. */
  #knowsAll: boolean;
  /** Pages that cannot be given before others fill their holes, as one. */
  #held: SyncPageFields | null = null;
  readonly #versions = new Map<string, Map<number, number>>();
  readonly #shown = new Map<string, string>();
  readonly #removed = new Set<string>();

  constructor({ token, heads, whole = true }: Position) {
    this.token = token;
    this.#heads = new Map(Object.entries(heads));
    this.#knowsAll = whole;
  }

  get position(): Required<Position> {
    return { token: this.token, heads: Object.fromEntries(this.#heads), whole: this.#knowsAll };
  }

  /** Take in a page; returns what it changed, and its deltas where they were given. */
  take(page: SyncPageFields): { readonly events: SyncEvent[]; readonly deltas: readonly Delta[] } {
    const events: SyncEvent[] = [];
    const reason = page.resetReason;
    if (reason !== null) {
      this.#begin();
      events.push({ type: "reset", reason });
    }
    const whole = this.#held ? joined(this.#held, page) : page;
    if (page.hasMore && whole.channels.some((delta) => this.#isOpen(delta))) {
      this.#held = whole;
      return { events, deltas: [] };
    }
    this.#held = null;
    const fresh = this.token === null || whole.resetReason !== null;
    for (const channelId of whole.removedChannelIds) {
      if (!this.#removed.has(channelId)) events.push({ type: "channelRemoved", channelId });
      this.#removed.add(channelId);
      this.#heads.delete(channelId);
      this.#versions.delete(channelId);
      this.#shown.delete(channelId);
    }
    for (const delta of whole.channels) this.#channel(delta, events);
    for (const one of whole.notifications) this.#notification(one, fresh, events);
    if (this.#isOther("inbox", whole.inbox)) events.push({ type: "inbox", ...whole.inbox });
    if (whole.token !== this.token) events.push({ type: "checkpoint", token: whole.token, caughtUp: !whole.hasMore });
    this.token = whole.token;
    return { events, deltas: whole.channels };
  }

  /** Go back to the last position that was given: what is held back will come again. */
  rewind(): void {
    this.#held = null;
  }

  #begin(): void {
    this.#held = null;
    this.#knowsAll = true;
    for (const map of [this.#heads, this.#versions, this.#shown]) map.clear();
    this.#removed.clear();
  }

  /** Whether later pages bring what comes before something in this delta. */
  #isOpen(delta: Delta): boolean {
    const head = this.#headOf(delta);
    if (head === undefined) return !this.#knowsAll;
    if (head.seq === null) return true;
    const created = [...delta.messages].sort(bySeq).filter((one) => one.seq > head.seq!);
    const first = delta.limited ? created[0]?.seq : head.seq + 1;
    return created.some((one, index) => one.seq !== first! + index);
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
    const fresh = !head && this.#knowsAll;
    const first = this.#firstCreated(delta, head, fresh);
    const versions = this.#versions.get(channelId) ?? new Map<number, number>();
    this.#versions.set(channelId, versions);
    const news = delta.messages.filter((one) => (versions.get(one.seq) ?? 0) < one.version);
    let end = fresh ? null : (head ?? { seq: null, cursor: null });
    const gap = (before: string | null, until: string | null): void => {
      events.push({ type: "gap", channelId, after: end?.cursor ?? null, before, until });
    };
    for (const message of news.filter((one) => one.seq >= first).sort(bySeq)) {
      const follows = end && (end.seq === null ? !limited : message.seq === end.seq + 1);
      if (end && !follows) gap(message.cursor, null);
      end = message;
      events.push({ type: "messageCreated", fresh, ...told(message) });
    }
    for (const message of news.filter((one) => one.seq < first).sort(byVersion)) {
      events.push({ type: message.deletedAt ? "messageDeleted" : "messageUpdated", ...told(message) });
    }
    for (const one of news) versions.set(one.seq, one.version);
    if (headCursor !== (end?.cursor ?? null) && (limited || !end || end.seq === null)) {
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
    const isKnown = this.#shown.has(id);
    if (!this.#isOther(id, [seenAt, readAt, archivedAt])) return;
    const created = !isKnown && (fresh || !(seenAt || readAt || archivedAt));
    events.push(created ? { type: "notificationCreated", id, fresh, notification } : { type: "notificationUpdated", id, notification });
  }

  /** Whether this is another state of something than the one given last; it is given now. */
  #isOther(key: string, state: unknown): boolean {
    const text = JSON.stringify(state);
    const other = this.#shown.get(key) !== text;
    this.#shown.set(key, text);
    return other;
  }
}

const told = (message: MessageFields): MessageEvent => {
  const { channelId, seq, version } = message;
  return { channelId, seq, version, message };
};

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
      messages: newest([...(before?.messages ?? []), ...delta.messages]),
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

/** Of each message its newest state. */
function newest(messages: readonly MessageFields[]): MessageFields[] {
  const found = new Map<number, MessageFields>();
  for (const one of messages) if (!(found.get(one.seq)! && found.get(one.seq)!.version > one.version)) found.set(one.seq, one);
  return [...found.values()];
}
