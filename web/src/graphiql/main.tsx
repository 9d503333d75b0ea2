// GraphiQL against this server's own /graphql, with the development token that the page may carry.
import "graphiql/setup-workers/vite";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "graphiql/graphiql.css";
import "./graphiql.css";

import { createGraphiQLFetcher, createLocalStorage, type Fetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { examples, type Known, UNKNOWN } from "./examples";

const HEADERS_WITHOUT_TOKEN = `{
  // Paste a token, then press "Re-fetch GraphQL schema".
  "Authorization": "Bearer "
}`;

const token = document.querySelector<HTMLMetaElement>('meta[name="pollux-token"]')?.content;
const tokenHeaders = token ? { Authorization: `Bearer ${token}` } : {};
const headers = token ? JSON.stringify(tokenHeaders, null, 2) : HEADERS_WITHOUT_TOKEN;

// GraphiQL asks for the schema before its headers editor exists, and then names no headers at all;
// an operation names them always, so that an emptied editor sends none.
// A subscription opens a WebSocket of its own, with the headers in its first message.
const subscriptionUrl = new URL("/graphql", location.href.replace(/^http/, "ws")).href;
const send = createGraphiQLFetcher({ url: "/graphql", subscriptionUrl, enableIncrementalDelivery: false });
const fetcher: Fetcher = (params, options) => send(params, { headers: tokenHeaders, ...options });

/** What the examples' variables name: the viewer, and the channel and message that came last. */
async function known(): Promise<Known> {
  if (!token) return UNKNOWN;
  const query = "{ viewer { id } channels(first: 1) { nodes { id lastMessage { id cursor } } } }";
  const { data } = (await send({ query }, { headers: tokenHeaders })) as { data?: Found | null };
  const channel = data?.channels?.nodes[0];
  return {
    userId: data?.viewer?.id ?? UNKNOWN.userId,
    channelId: channel?.id ?? UNKNOWN.channelId,
    messageId: channel?.lastMessage?.id ?? UNKNOWN.messageId,
    cursor: channel?.lastMessage?.cursor ?? UNKNOWN.cursor,
  };
}

interface Found {
  readonly viewer?: { readonly id: string };
  readonly channels?: { readonly nodes: readonly { readonly id: string; readonly lastMessage: { readonly id: string; readonly cursor: string } | null }[] } | null;
}

// Monaco measures its font once; the cursor stands beside the text when the font comes later.
const [tabs] = await Promise.all([known().catch(() => UNKNOWN).then(examples), document.fonts.load('15px "Fira Code"').catch(() => [])]);

// No header outlives the page: each load starts from the token of the server that runs now. So headers are not persisted,
// and the history plugin is left out, which keeps them all the same and brings an expired token, or none, back with its query.
// The storage's own namespace keeps out tabs and headers of another GraphiQL once served on this host and port.
createRoot(document.getElementById("graphiql")!).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs}
    initialHeaders={headers}
    defaultHeaders={headers}
    shouldPersistHeaders={false}
    plugins={[]}
    storage={createLocalStorage({ namespace: "pollux" })}
    defaultEditorToolsVisibility={token ? "variables" : "headers"}
  />,
);
