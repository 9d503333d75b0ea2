// Apollo Client: a room that is followed by its cursor, and a query that is polled.
import { createHash } from "node:crypto";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { revalidating } from "./revalidating.mjs";
import { channelId, headers, logged, report, until, url, wire, write } from "./room.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const client = new ApolloClient({
  link: new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(
    new HttpLink({ uri: url, headers, fetch: revalidating(logged) }),
  ),
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { messages: relayStylePagination(["channelId"]) } } },
  }),
});

const ROOM = gql`
  query Room($channelId: ID!, $after: String) {
    messages(channelId: $channelId, after: $after) {
      edges { cursor node { id seq content } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      pollingInterval { milliseconds }
    }
  }
`;

const room = client.watchQuery({ query: ROOM, variables: { channelId } });
const shown = room.subscribe(() => {}); // in React: useQuery

async function follow() {
  const { endCursor } = room.getCurrentResult().data.messages.pageInfo;
  const { data } = await room.fetchMore({ variables: { after: endCursor } });
  return data.messages.pollingInterval.milliseconds; // wait so long, then follow again
}

const page = () => room.getCurrentResult().data?.messages;
await until(() => page());
const places = [];
let count = 0;
for (const next of ["", "one", "", "", "two", ""]) {
  if (next) await write(next);
  if (next) count += 1;
  await follow();
  await until(() => page().edges.length === count);
  places.push(page().pageInfo.endCursor);
}
const contents = page().edges.map((edge) => edge.node.content);
const followed = { contents, places, wire: [...wire] };
shown.unsubscribe();
wire.length = 0;

const UNREAD = gql`
  query Unread($channelId: ID!) {
    channel(id: $channelId) { id memberCount lastMessage { id content } }
  }
`;
let polled;
client.watchQuery({ query: UNREAD, variables: { channelId }, pollInterval: 100 }).subscribe(({ data }) => (polled = data ?? polled));
await until(() => wire.filter((one) => one === "GET 304").length >= 3);
await write("three");
await until(() => polled.channel.lastMessage.content === "three");
report({ followed, polled: { last: polled.channel.lastMessage.content, wire } });
