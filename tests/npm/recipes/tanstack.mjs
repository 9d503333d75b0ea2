// TanStack Query without a GraphQL client: a room that is followed by its cursor, at the server's pace.
import { environmentManager, QueryClient, QueryObserver } from "@tanstack/query-core";
import { revalidating } from "./revalidating.mjs";
import { channelId, headers, logged, report, until, url, wire, write } from "./room.mjs";

environmentManager.setIsServer(() => false); // on a server nothing is asked again
const ask = revalidating(logged);
const queryClient = new QueryClient();

const ROOM = `query Room($channelId: ID!, $after: String) {
  messages(channelId: $channelId, after: $after) {
    nodes { id seq content }
    pageInfo { endCursor }
    pollingInterval { milliseconds }
  }
}`;

async function follow({ queryKey, signal }) {
  const known = queryClient.getQueryData(queryKey);
  const body = JSON.stringify({ query: ROOM, variables: { channelId: queryKey[1], after: known?.after } });
  const response = await ask(url, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body, signal });
  const { data, errors } = await response.json();
  if (errors) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
  const { nodes, pageInfo, pollingInterval } = data.messages;
  return { messages: [...(known?.messages ?? []), ...nodes], after: pageInfo.endCursor, interval: pollingInterval.milliseconds };
}

// In React: useQuery with the same options.
const room = new QueryObserver(queryClient, {
  queryKey: ["room", channelId],
  queryFn: follow,
  refetchInterval: (query) => query.state.data?.interval ?? 2000,
  retryDelay: (count, error) => error.retryAfterMs ?? Math.min(1000 * 2 ** count, 30_000) * (0.5 + Math.random() / 2),
});

const places = [];
room.subscribe(() => {});
await until(() => room.getCurrentResult().isSuccess);
const waits = room.getCurrentResult().data.interval;
for (const next of ["", "one", "", "", "two", ""]) {
  if (next) await write(next);
  await room.refetch(); // not to wait for the interval each time
  places.push(room.getCurrentResult().data.after);
}
await write("three");
const { length } = wire;
await until(() => wire.length > length && room.getCurrentResult().data.messages.length === 3);
report({ contents: room.getCurrentResult().data.messages.map((one) => one.content), places, wire, waits });
