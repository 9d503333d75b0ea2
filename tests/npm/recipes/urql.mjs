// urql: a room that is followed by its cursor.
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { revalidating } from "./revalidating.mjs";
import { channelId, headers, logged, report, url, wire, write } from "./room.mjs";

const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers },
  fetch: revalidating(logged),
  exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
});

const ROOM = gql`
  query Room($channelId: ID!, $after: String) {
    messages(channelId: $channelId, after: $after) {
      nodes { id seq content }
      pageInfo { endCursor }
      pollingInterval { milliseconds }
    }
  }
`;

const messages = [];
let after = null;

async function follow() {
  const { data, error } = await client.query(ROOM, { channelId, after }, { requestPolicy: "network-only" });
  if (error) throw error;
  messages.push(...data.messages.nodes);
  after = data.messages.pageInfo.endCursor;
  return data.messages.pollingInterval.milliseconds; // wait so long, then follow again
}

const places = [];
for (const next of ["", "one", "", "", "two", ""]) {
  if (next) await write(next);
  await follow();
  places.push(after);
}
report({ contents: messages.map((one) => one.content), places, wire });
