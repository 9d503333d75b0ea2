// Who is in a channel, and saying that one is there.
import { useCallback, useEffect, useRef } from "react";
import type { UserFields } from "../generated/operations.js";
import { useClient, useObserved } from "./PolluxProvider.js";

/** Typing is shown for 6 s, so half of that keeps it shown. */
const TYPING_EVERY_MS = 3000;

export interface Presence {
  /** Members seen in the channel in the last 30 s; null when unknown. */
  readonly activeUsers: number | null;
  /** Members seen anywhere; null when unknown. */
  readonly onlineUsers: readonly UserFields[] | null;
  /** Others who are typing; null when unknown. */
  readonly typingUsers: readonly UserFields[] | null;
  /** Call at every key: the server is told at most every 3 s. */
  readonly typing: () => void;
}

/** While mounted, the viewer is seen in the channel. */
export function usePresence(channelId: string, { enabled = true }: { readonly enabled?: boolean } = {}): Presence {
  const client = useClient();
  useEffect(() => (enabled ? client.watch(channelId) : undefined), [client, channelId, enabled]);
  const presence = useObserved((one) => one.presence.get(channelId));
  const viewer = useObserved((one) => one.viewer);
  const said = useRef({ channelId, at: -Infinity });
  const typing = useCallback(() => {
    const at = performance.now();
    if (said.current.channelId === channelId && at - said.current.at < TYPING_EVERY_MS) return;
    said.current = { channelId, at };
    client.touch(channelId, true).catch(() => {
      said.current = { channelId, at: -Infinity }; // nobody was told, so the next key tries again
    });
  }, [client, channelId]);
  return {
    activeUsers: presence?.activeUsers ?? null,
    onlineUsers: presence?.onlineUsers ?? null,
    typingUsers: presence?.typingUsers?.filter((one) => one.id !== viewer?.id) ?? null,
    typing,
  };
}
