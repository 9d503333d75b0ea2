// Polling that bears with a bad network and a server in trouble.
import { onlineManager, type QueryKey, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { RefusedError, RequestError } from "../errors.js";
import { backoffMs, QUICK_RETRIES } from "../protocol/failure.js";
import type { PollingOptions } from "./usePolling.js";

export interface ResilientPolling<T> {
  readonly query: UseQueryResult<T>;
  readonly isOnline: boolean;
  /** Retries since the last success. */
  readonly failureCount: number;
}

/**
 * Poll with `fetcher` as `usePolling`. A failure is retried 3 times after `min(1000·2ⁿ, 30000)` ms and chance, or when
 * the server says; then no quicker than the interval. Offline it waits, and asks at once when the network is back.
 */
export function useResilientPolling<T>(
  key: QueryKey,
  fetcher: (context: { readonly signal: AbortSignal }) => Promise<T>,
  { interval = 2000, enabled = true }: PollingOptions = {},
): ResilientPolling<T> {
  const isOnline = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
    () => true,
  );
  const query = useQuery({
    queryKey: key,
    queryFn: fetcher,
    enabled,
    networkMode: "online",
    retry: (count, error) => count < QUICK_RETRIES && !isFinal(error),
    retryDelay: (count, error) => backoffMs(count, Math.random(), 0, askedFor(error)),
    refetchInterval: ({ state }) =>
      state.status === "error" ? backoffMs(QUICK_RETRIES + state.errorUpdateCount, Math.random(), interval, askedFor(state.error)) : interval,
    refetchIntervalInBackground: false,
    refetchOnReconnect: "always",
    refetchOnWindowFocus: true,
    staleTime: 0,
  });
  return { query, isOnline, failureCount: query.failureCount };
}

const isFinal = (error: unknown): boolean => error instanceof RefusedError || (error instanceof RequestError && error.kind === "final");
const askedFor = (error: unknown): number | null => (error instanceof RequestError ? error.retryAfterMs : null);
