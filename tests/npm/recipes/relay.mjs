// Relay: a connection that grows at its end, with artifacts from relay-compiler.
import { createOperationDescriptor, Environment, fetchQuery, Network, RecordSource, Store } from "relay-runtime";
import { revalidating } from "./revalidating.mjs";
import RoomQuery from "./relay/__generated__/roomQuery.graphql.js";
import { channelId, headers, logged, report, url, wire, write } from "./room.mjs";

const ask = revalidating(logged);
const environment = new Environment({
  store: new Store(new RecordSource()),
  network: Network.create(async ({ text }, variables) => {
    const body = JSON.stringify({ query: text, variables });
    const response = await ask(url, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body });
    return response.json();
  }),
});

const operation = createOperationDescriptor(RoomQuery, { channelId, count: 100 });
environment.retain(operation);
const shown = () => environment.lookup(operation.fragment).data.channel;

async function follow() {
  const cursor = shown()?.messages?.pageInfo.endCursor;
  await fetchQuery(environment, RoomQuery, { channelId, count: 100, cursor }).toPromise();
  return shown().pollingInterval.milliseconds; // wait so long, then follow again
}

const places = [];
for (const next of ["", "one", "", "", "two", ""]) {
  if (next) await write(next);
  await follow();
  places.push(shown().messages.pageInfo.endCursor);
}
report({ contents: shown().messages.edges.map((edge) => edge.node.content), places, wire });
