// Polling at the pace that the server asks for, for one channel.
import { type UseQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";
import type { PollingIntervalFields } from "../generated/operations.js";
import { useClient, useObserved } from "./PolluxProvider.js";
import { usePolling } from "./usePolling.js";

export interface DynamicPollingOptions<T> {
  /** Something to poll at the channel's pace, besides what the client itself brings. */
  readonly fetcher?: (context: { readonly signal: AbortSignal }) => Promise<T>;
  readonly enabled?: boolean;
}

export interface DynamicPolling<T> {
  /** How long the server asks to wait, and why; null before the first answer. */
  readonly interval: PollingIntervalFields | null;
  /** Of the fetcher; without one it stays pending. */
  readonly query: UseQueryResult<T>;
}

/** While mounted, the client polls at the pace of this channel and shows the viewer as present in it. */
export function useDynamicPolling<T = never>(channelId: string, { fetcher, enabled = true }: DynamicPollingOptions<T> = {}): DynamicPolling<T> {
  const client = useClient();
  useEffect(() => (enabled ? client.watch(channelId) : undefined), [client, channelId, enabled]);
  const own = useObserved(({ presence }) => presence.get(channelId)?.pollingInterval ?? null);
  const general = useObserved(({ measurements }) => measurements.interval);
  const interval = own ?? general;
  const query = usePolling<T>(["pollux", "dynamic", channelId], fetcher ?? (() => Promise.reject(new Error("No fetcher."))), {
    interval: interval?.milliseconds ?? 2000,
    enabled: enabled && fetcher !== undefined,
  });
  return { interval, query };
}
