// What an application programs against, whichever transport is behind it.
import type { MessageFields } from "./generated/operations.js";
import type { MachineEvent } from "./protocol/machine.js";
import { Realtime, type RealtimeOptions } from "./realtime.js";

export type Listener = (event: MachineEvent) => void;

/** What to send besides the words. */
export interface SendOptions {
  readonly replyToId?: string | null;
  readonly mentionIds?: readonly string[];
  /** 1 to 64 characters; a random one is made if absent. */
  readonly clientMessageId?: string;
}

/** Real time over any transport. */
export interface RealtimeProvider {
  /** Be told what happens in a channel, or with null of everything. Returns how to end it. */
  subscribe(channelId: string | null, listener: Listener): () => void;
  /** End one listener of a channel, or all of them. */
  unsubscribe(channelId: string | null, listener?: Listener): void;
  /**
   * Send a message, however often it takes; it is stored once, and in a channel in the order of the calls. Rejects with
   * RefusedError or RequestError.
   */
  send(channelId: string, content: string, options?: SendOptions): Promise<MessageFields>;
  /** Stop, for good. */
  close(): void;
}

/** Make a provider: `createRealtimeProvider({ url: "/graphql", token, transport: "polling" })`. */
export function createRealtimeProvider(options: RealtimeOptions): Realtime {
  return new Realtime(options);
}
