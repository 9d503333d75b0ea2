// The subscription `sync` over one WebSocket, in the protocol graphql-transport-ws.
// Rule: it ends with a failure that says whether to come back; coming back is the session's business.
import { failed, RequestError } from "./errors.js";
import { SYNC_STREAM, type SyncPageFields, type SyncStreamSubscription, type SyncStreamVariables } from "./generated/operations.js";
import { type ErrorEntry, errorOf } from "./http.js";
import type { Cost } from "./measurements.js";
import { classify } from "./protocol/failure.js";

/** The server says something at least every 15 s, and at the beginning at once. */
const SILENCE_MS = 40_000;
const GREETING_MS = 10_000;
const PROTOCOL = "graphql-transport-ws";

export interface Stream {
  readonly url: string;
  readonly bearer: string;
  readonly variables: SyncStreamVariables;
  readonly signal: AbortSignal;
  readonly onCost: (cost: Cost) => void;
  readonly onOpen: () => void;
  readonly onPage: (page: SyncPageFields) => void;
}

/** What the server says. */
type Heard =
  | { readonly type: "connection_ack" | "ping" | "pong" | "complete" }
  | { readonly type: "next"; readonly payload: { readonly data?: SyncStreamSubscription | null; readonly errors?: readonly ErrorEntry[] } }
  | { readonly type: "error"; readonly payload: readonly ErrorEntry[] };

/** Follow the subscription; returns when the signal aborts, throws RequestError when it ends otherwise. */
export function openStream({ url, bearer, variables, signal, onCost, onOpen, onPage }: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    const socket = new WebSocket(new URL(url, globalThis.location?.href).href.replace(/^http/, "ws"), PROTOCOL);
    onCost({ requests: 1, notModified: 0, bytes: 0, ms: null });
    let silence: ReturnType<typeof setTimeout>;
    const say = (message: object): void => socket.send(JSON.stringify(message));
    const end = (error?: RequestError): void => {
      clearTimeout(silence);
      signal.removeEventListener("abort", onAbort);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
      if (error) reject(error);
      else resolve();
    };
    const onAbort = (): void => end();
    const listen = (ms: number): void => {
      clearTimeout(silence);
      silence = setTimeout(() => end(new RequestError("The server fell silent.", "transient")), ms);
    };
    const hear = (heard: Heard): void => {
      if (heard.type === "ping") say({ type: "pong" });
      else if (heard.type === "connection_ack") {
        say({ id: "1", type: "subscribe", payload: { query: SYNC_STREAM, variables } });
        onOpen();
      } else if (heard.type === "next") {
        const { data, errors } = heard.payload;
        if (data?.sync && !errors) onPage(data.sync);
        else end(errorOf(errors?.[0], 200));
      } else if (heard.type === "error") end(errorOf(heard.payload[0], 200));
      else if (heard.type === "complete") end(new RequestError("The stream ended.", "ended"));
    };
    signal.addEventListener("abort", onAbort);
    listen(GREETING_MS);
    socket.onerror = () => {}; // the close that follows says the same
    socket.onopen = () => say({ type: "connection_init", payload: { Authorization: `Bearer ${bearer}` } });
    socket.onclose = ({ code, reason }) => end(new RequestError(reason || `The connection was closed (${code}).`, classify({ closeCode: code })));
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      listen(SILENCE_MS);
      onCost({ requests: 0, notModified: 0, bytes: data.length, ms: null });
      try {
        hear(JSON.parse(data) as Heard);
      } catch (error) {
        end(failed(error));
      }
    };
  });
}
