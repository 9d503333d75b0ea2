// A query that is asked again and again while somebody looks.
import { type QueryKey, useQuery, type UseQueryResult } from "@tanstack/react-query";

export interface PollingOptions {
  /** Milliseconds between two polls; 2000 if absent. */
  readonly interval?: number;
  readonly enabled?: boolean;
}

/** Poll with `fetcher`; not in the background, and at once when the page is shown again. */
export function usePolling<T>(
  key: QueryKey,
  fetcher: (context: { readonly signal: AbortSignal }) => Promise<T>,
  { interval = 2000, enabled = true }: PollingOptions = {},
): UseQueryResult<T> {
  return useQuery({
    queryKey: key,
    queryFn: fetcher,
    enabled,
    refetchInterval: interval,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: true,
    staleTime: 0,
  });
}
