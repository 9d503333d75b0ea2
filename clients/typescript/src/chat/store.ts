// What a client holds, as pure state: of each channel one run of messages without holes, up to the newest; and the inbox.
// Rule: a message is held in the newest state known. Whatever is shown is replaced by a new object, never changed.
import type { ChannelFields, InboxFields, MessageFields, NotificationFields } from "../generated/operations.js";
import type { Delta, SyncEvent } from "../protocol/news.js";

/** A channel and the run of its messages that is held, oldest first. */
export interface ChannelView {
  readonly id: string;
  /** Null for a channel that was only read, such as one that the viewer does not belong to. */
  readonly channel: ChannelFields | null;
  readonly messages: readonly MessageFields[];
  /** Whether there are older ones to be loaded. */
  readonly hasOlder: boolean;
}

export class Store {
  channels: ReadonlyMap<string, ChannelView> = new Map();
  /** Newest first. */
  notifications: readonly NotificationFields[] = [];
  inbox: InboxFields | null = null;
  /** By channel, how often messages of it were dropped. */
  readonly #dropped = new Map<string, number>();
  #resets = 0;
  /** Channels shown as they were before a reset. */
  readonly #stale = new Set<string>();
  /** Changes that came while older messages were on their way, by channel. */
  readonly #strays = new Map<string, MessageFields[]>();

  /** Take in what `News` gave of a page. */
  apply(events: readonly { readonly type: string }[], deltas: readonly Delta[]): void {
    const news = events as readonly SyncEvent[];
    for (const event of news) {
      if (event.type === "reset") this.#reset();
      else if (event.type === "channelRemoved") this.#remove(event.channelId);
    }
    for (const delta of deltas) this.#begin(delta);
    for (const event of news) this.#event(event);
  }

  /** Take in a message that a mutation gave. One that is not held yet will come with a page. */
  put(message: MessageFields): void {
    const view = this.channels.get(message.channelId);
    this.#strays.get(message.channelId)?.push(message);
    const index = view?.messages.findIndex((one) => one.seq === message.seq) ?? -1;
    if (view && index >= 0 && view.messages[index]!.version < message.version) {
      this.#set({ ...view, messages: view.messages.with(index, message) });
    }
  }

  /** Take in a channel that a mutation gave, if it is held. */
  putChannel(channel: ChannelFields): void {
    const view = this.channels.get(channel.id);
    if (view) this.#set({ ...view, channel });
  }

  /**
   * Take in notifications. Seen, read and archived are never taken back, so an answer that was overtaken by another
   * does no harm.
   */
  putNotifications(more: readonly NotificationFields[]): void {
    const byId = new Map(this.notifications.map((one) => [one.id, one]));
    for (const one of more) {
      const { seenAt = null, readAt = null, archivedAt = null } = byId.get(one.id) ?? {};
      byId.set(one.id, { ...one, seenAt: one.seenAt ?? seenAt, readAt: one.readAt ?? readAt, archivedAt: one.archivedAt ?? archivedAt });
    }
    if (more.length > 0) this.notifications = [...byId.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** Another number whenever messages of the channel were dropped: what was asked for before then no longer fits. */
  generation(channelId: string): number {
    return this.#resets + (this.#dropped.get(channelId) ?? 0);
  }

  /** Get ready for older messages; returns the cursor to ask before, null to ask for the newest. */
  olderFrom(channelId: string): string | null {
    this.#strays.set(channelId, []);
    return this.channels.get(channelId)?.messages[0]?.cursor ?? null;
  }

  /** Take in older messages that were asked for in `generation`, oldest first, or none where asking failed. */
  putOlder(channelId: string, older: readonly MessageFields[], generation: number): void {
    const strays = this.#strays.get(channelId) ?? [];
    this.#strays.delete(channelId);
    const view = this.channels.get(channelId) ?? { id: channelId, channel: null, messages: [], hasOlder: false };
    const first = view.messages[0];
    const last = older.at(-1);
    if (generation !== this.generation(channelId) || !last || (first && last.seq < first.seq - 1)) return;
    const found = new Map<number, MessageFields>();
    for (const one of [...older, ...view.messages, ...strays]) {
      if (one.seq >= older[0]!.seq && (found.get(one.seq)?.version ?? 0) < one.version) found.set(one.seq, one);
    }
    const messages = [...found.values()].sort((a, b) => a.seq - b.seq);
    this.#set({ ...view, messages, hasOlder: messages[0]!.seq > 1 });
  }

  /** A delta's channel, before its messages. What may have changed unseen is let go. */
  #begin({ channel, messages, limited, gapCursor, headCursor }: Delta): void {
    const known = this.#stale.delete(channel.id) ? undefined : this.channels.get(channel.id);
    const from = messages.find((one) => one.cursor === gapCursor)?.seq ?? Infinity;
    const kept = limited ? (known?.messages.filter((one) => one.seq >= from) ?? []) : (known?.messages ?? []);
    if (limited) this.#drop(channel.id);
    const hasOlder = kept[0] ? kept[0].seq > 1 : headCursor !== null;
    const isSame = known && JSON.stringify(known.channel) === JSON.stringify(channel);
    if (isSame && kept === known.messages && hasOlder === known.hasOlder) return;
    this.#set({ id: channel.id, channel: isSame ? known.channel : channel, messages: kept, hasOlder });
  }

  #event(event: SyncEvent): void {
    switch (event.type) {
      case "gap":
        this.#drop(event.channelId);
        return this.#set({ ...this.channels.get(event.channelId)!, messages: [], hasOlder: true });
      case "messageCreated":
        return this.#append(event.message);
      case "messageUpdated":
      case "messageDeleted":
        return this.put(event.message);
      case "notificationCreated":
      case "notificationUpdated":
        return this.putNotifications([event.notification]);
      case "inbox":
        this.inbox = event.inbox;
        return;
      case "checkpoint":
        if (event.caughtUp) for (const id of this.#stale) this.#remove(id);
    }
  }

  #append(message: MessageFields): void {
    const view = this.channels.get(message.channelId)!;
    // A page of older messages may have brought it already.
    if ((view.messages.at(-1)?.seq ?? 0) >= message.seq) return this.put(message);
    const messages = [...view.messages, message];
    this.#set({ ...view, messages, hasOlder: messages[0]!.seq > 1 });
  }

  /** Begin anew; what was shown stays until it is replaced, or nothing more comes that could replace it. */
  #reset(): void {
    this.#resets += 1;
    for (const id of this.channels.keys()) this.#stale.add(id);
    this.notifications = [];
  }

  #drop(id: string): void {
    this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + 1);
  }

  #remove(id: string): void {
    this.#drop(id);
    this.#stale.delete(id);
    const left = new Map(this.channels);
    left.delete(id);
    this.channels = left;
  }

  #set(view: ChannelView): void {
    this.channels = new Map(this.channels).set(view.id, view);
  }
}
