// What the client is following, and by which transport.
import { useMemo } from "react";
import type { InboxFields, UserFields } from "../generated/operations.js";
import type { ConnectionState, TransportName } from "../measurements.js";
import type { ChannelView } from "../chat/store.js";
import { useClient, useObserved } from "./PolluxProvider.js";

export interface Sync {
  /** The viewer's channels, most recently active first. */
  readonly channels: readonly ChannelView[];
  readonly viewer: UserFields | null;
  readonly inbox: InboxFields | null;
  /** Whether the first page has come. */
  readonly isReady: boolean;
  readonly state: ConnectionState;
  readonly error: Error | null;
  readonly transport: TransportName;
  /** Go on by another transport; nothing is lost and nothing comes twice. */
  readonly setTransport: (transport: TransportName) => void;
}

const activeAt = ({ messages, channel }: ChannelView): string => messages.at(-1)?.createdAt ?? channel?.createdAt ?? "";

export function useSync(): Sync {
  const client = useClient();
  const held = useObserved(({ store }) => store.channels);
  const viewer = useObserved((one) => one.viewer);
  const inbox = useObserved(({ store }) => store.inbox);
  const state = useObserved(({ measurements }) => measurements.state);
  const error = useObserved(({ measurements }) => measurements.error);
  const transport = useObserved(({ measurements }) => measurements.transport);
  const channels = useMemo(
    () => [...held.values()].filter((one) => one.channel?.viewerRole).sort((a, b) => (activeAt(a) < activeAt(b) ? 1 : -1)),
    [held],
  );
  return { channels, viewer, inbox, isReady: inbox !== null, state, error, transport, setTransport: client.setTransport };
}
