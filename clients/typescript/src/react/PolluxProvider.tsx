// Gives a client to the hooks below it, and a QueryClient where there is none yet.
import { QueryClient, QueryClientContext, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactElement, type ReactNode, useContext, useState, useSyncExternalStore } from "react";
import type { ChatClient } from "../chat/client.js";

const Context = createContext<ChatClient | null>(null);

export interface PolluxProviderProps {
  /** Made once, outside of any component. Whoever made it closes it. */
  readonly client: ChatClient;
  readonly children?: ReactNode;
}

export function PolluxProvider({ client, children }: PolluxProviderProps): ReactElement {
  const outer = useContext(QueryClientContext);
  const [own] = useState(() => outer ?? new QueryClient());
  return (
    <Context value={client}>
      <QueryClientProvider client={outer ?? own}>{children}</QueryClientProvider>
    </Context>
  );
}

/** The client of the nearest PolluxProvider. */
export function useClient(): ChatClient {
  const client = useContext(Context);
  if (!client) throw new Error("There is no <PolluxProvider> above this component.");
  return client;
}

/** Something of the client, anew whenever it is another; `select` returns what the client holds, not what it makes of it. */
export function useObserved<T>(select: (client: ChatClient) => T): T {
  const client = useClient();
  const read = (): T => select(client);
  return useSyncExternalStore(client.observe, read, read);
}
