// The messages of a channel: followed, sent, changed, and loaded upwards.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ChatClient } from "../chat/client.js";
import {
  ADD_REACTION, type ChannelFields, DELETE_MESSAGE, EDIT_MESSAGE, MARK_CHANNEL_READ, type MessageFields, REMOVE_REACTION,
} from "../generated/operations.js";
import type { Pending } from "../chat/outbox.js";
import type { SendOptions } from "../provider.js";
import { useClient, useObserved } from "./PolluxProvider.js";

export interface ChannelMessages {
  /** Null for a channel that the viewer does not belong to, and before the first page. */
  readonly channel: ChannelFields | null;
  /** In order, without holes, each once and in its newest state; deleted ones with `deletedAt`. */
  readonly messages: readonly MessageFields[];
  /** The viewer's own that are on their way; to be shown after `messages`. */
  readonly pending: readonly Pending[];
  /** Whether the first messages are still awaited. */
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  /** Load the messages before the first one that is held. */
  readonly loadOlder: () => void;
  readonly actions: MessageActions;
}

/** All of them reject with RefusedError for what the user can mend, and with RequestError for anything else. */
export interface MessageActions {
  /** Shown among `pending` at once; resolves when the server has it. */
  readonly send: (content: string, options?: SendOptions) => Promise<MessageFields>;
  /** Send one again that failed. */
  readonly retry: (entry: Pending) => Promise<MessageFields>;
  /** Let go of one that failed. */
  readonly discard: (entry: Pending) => void;
  readonly edit: (messageId: string, content: string) => Promise<void>;
  readonly remove: (messageId: string) => Promise<void>;
  readonly react: (messageId: string, emoji: string) => Promise<void>;
  readonly unreact: (messageId: string, emoji: string) => Promise<void>;
  /** Move the viewer's read position to a message; it never goes back. */
  readonly markRead: (message: Pick<MessageFields, "cursor">) => Promise<void>;
}

export function useChannelMessages(channelId: string): ChannelMessages {
  const client = useClient();
  const view = useObserved(({ store }) => store.channels.get(channelId));
  const pending = useObserved((one) => one.pending(channelId));
  const isReady = useObserved(({ store }) => store.inbox !== null);
  const generation = useObserved(({ store }) => store.generation(channelId));
  const isEmpty = !view?.messages.length && view?.hasOlder !== false;
  const first = useQuery({
    queryKey: ["pollux", "newest", channelId, generation],
    queryFn: () => client.loadOlder(channelId).then(() => true),
    enabled: isReady && isEmpty,
    staleTime: Infinity,
    gcTime: 0,
  });
  const older = useMutation({ mutationFn: () => client.loadOlder(channelId) });
  const actions = useMemo(() => actionsOf(client, channelId), [client, channelId]);
  return {
    channel: view?.channel ?? null,
    messages: view?.messages ?? [],
    pending,
    isPending: isEmpty && !first.isSuccess && !first.isError,
    error: first.error ?? older.error,
    hasOlder: view?.hasOlder ?? false,
    isLoadingOlder: older.isPending,
    loadOlder: () => {
      if (!older.isPending) older.mutate();
    },
    actions,
  };
}

function actionsOf(client: ChatClient, channelId: string): MessageActions {
  return {
    send: (content, options) => client.send(channelId, content, options),
    retry: (entry) => client.retry(entry),
    discard: (entry) => client.discard(entry),
    edit: async (messageId, content) => void (await client.mutate(EDIT_MESSAGE, { input: { messageId, content } })),
    remove: async (messageId) => void (await client.mutate(DELETE_MESSAGE, { messageId })),
    react: async (messageId, emoji) => void (await client.mutate(ADD_REACTION, { input: { messageId, emoji } })),
    unreact: async (messageId, emoji) => void (await client.mutate(REMOVE_REACTION, { input: { messageId, emoji } })),
    markRead: async ({ cursor }) => void (await client.mutate(MARK_CHANNEL_READ, { channelId, cursor })),
  };
}
