// Messages on their way: shown at once, and gone when they come back in their place.
// Rule: one clientMessageId is one message, however often it is sent.
import type { MessageFields } from "../generated/operations.js";

/** A message that the viewer wrote and that did not yet come back with a page. */
export interface Pending {
  readonly clientMessageId: string;
  readonly channelId: string;
  readonly content: string;
  readonly replyToId: string | null;
  readonly mentionIds: readonly string[];
  /** `sent`: the server has it; `failed`: refused, and kept until it is tried again or discarded. */
  readonly status: "sending" | "sent" | "failed";
  /** When it was written, in ms since 1970. */
  readonly writtenAt: number;
  /** As the server stored it, once it is sent. */
  readonly message: MessageFields | null;
  readonly error: Error | null;
}

const NONE: readonly Pending[] = [];

export class Outbox {
  #entries: ReadonlyMap<string, readonly Pending[]> = new Map();

  /** The viewer's messages of a channel that are not among its messages yet, in the order in which they were written. */
  of(channelId: string): readonly Pending[] {
    return this.#entries.get(channelId) ?? NONE;
  }

  /** Add a message; one with a known clientMessageId is the same message. */
  add(entry: Pending): void {
    const others = this.of(entry.channelId);
    if (others.some((one) => one.clientMessageId === entry.clientMessageId)) this.change(entry, entry);
    else this.#set(entry.channelId, [...others, entry]);
  }

  /** Change a message, if it is still here. */
  change({ channelId, clientMessageId }: Pending, change: Partial<Pending>): void {
    this.#set(channelId, this.of(channelId).map((one) => (one.clientMessageId === clientMessageId ? { ...one, ...change } : one)));
  }

  /** Take in a later state of a message that is sent and did not come back yet. */
  update(message: MessageFields): void {
    const entry = this.of(message.channelId).find((one) => one.message?.id === message.id);
    if (entry?.message && entry.message.version < message.version) this.change(entry, { message });
  }

  /** Forget a message that need not be sent any more. */
  discard({ channelId, clientMessageId }: Pending): void {
    this.#set(channelId, this.of(channelId).filter((one) => one.clientMessageId !== clientMessageId));
  }

  /** Let go of what has come back. `viewerId` is null while the viewer is not known. */
  arrived(channelId: string, messages: readonly MessageFields[], viewerId: string | null): void {
    const isBack = (entry: Pending): boolean =>
      messages.some((one) =>
        entry.message
          ? one.id === entry.message.id
          : one.clientMessageId === entry.clientMessageId && (viewerId === null || one.author.id === viewerId),
      );
    if (this.of(channelId).some(isBack)) this.#set(channelId, this.of(channelId).filter((one) => !isBack(one)));
  }

  #set(channelId: string, entries: readonly Pending[]): void {
    this.#entries = new Map(this.#entries).set(channelId, entries.length ? entries : NONE);
  }
}
