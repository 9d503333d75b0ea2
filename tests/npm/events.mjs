// Subscribes with graphql-sse's own client, in distinct connections mode: node events.mjs URL TOKEN VARIABLES
// Prints a line of JSON for each page and each connection made; until a line comes by standard input, or the client gives up.
import { createClient } from "graphql-sse";
import { createInterface } from "node:readline";

const [url, token, variables] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const query =
  "subscription($t: String, $c: [ID!], $l: Int) { sync(token: $t, channelIds: $c, limit: $l) " +
  "{ token hasMore removedChannelIds resetReason channels { channel { id } messages { content } } } }";

const given = JSON.parse(variables);
const client = createClient({
  url,
  headers: { Authorization: `Bearer ${token}` },
  retryAttempts: 3,
  retry: () => new Promise((done) => setTimeout(done, 200)),
  on: { connected: () => say({ connected: true }) },
});
createInterface({ input: process.stdin }).on("line", () => process.exit(0));

// After a cut the client asks again with what it was given at first, so the token of the last page is put there.
const next = (result) => {
  if (result.data) given.t = result.data.sync.token;
  say(result.errors ? { errors: result.errors } : { page: result.data.sync });
};
client.subscribe(
  { query, variables: given },
  {
    next,
    error: (error) => say({ error: error.response?.status ?? String(error) }),
    complete: () => say({ complete: true }),
  },
);
