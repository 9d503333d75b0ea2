// Subscribes with graphql-ws's own client: node socket.mjs URL TOKEN VARIABLES
// Prints a line of JSON for each page and each change of the connection, until the client gives up.
// Lines on standard input tell it what to do: pause and resume reading, end.
import { createClient } from "graphql-ws";
import { createInterface } from "node:readline";
import WebSocket from "ws";

const [url, token, variables] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const query =
  "subscription($t: String, $c: [ID!], $l: Int) { sync(token: $t, channelIds: $c, limit: $l) " +
  "{ token hasMore removedChannelIds resetReason channels { channel { id } messages { content } } } }";

const given = JSON.parse(variables);
let current = null;
class Watched extends WebSocket {
  constructor(...given) {
    super(...given);
    current = this;
  }
}
const client = createClient({
  url: url.replace("http", "ws"),
  webSocketImpl: Watched,
  connectionParams: { Authorization: `Bearer ${token}` },
  retryAttempts: 3,
  retryWait: () => new Promise((done) => setTimeout(done, 200)),
  on: {
    connected: () => say({ connected: true }),
    closed: (event) => say({ closed: event.code, reason: event.reason }),
  },
});
const orders = {
  pause: () => current.pause(),
  resume: () => current.resume(),
  end: () => process.exit(0),
};
createInterface({ input: process.stdin }).on("line", (order) => orders[order]());

// After a cut the client asks again with what it was given at first, so the token of the last page is put there.
const next = (result) => {
  if (result.data) given.t = result.data.sync.token;
  say(result.errors ? { errors: result.errors } : { page: result.data.sync });
};
client.subscribe(
  { query, variables: given },
  {
    next,
    error: (error) => say({ error: error.code ?? String(error) }),
    complete: () => say({ complete: true }),
  },
);
