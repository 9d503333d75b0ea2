// The subscription `sync` over one WebSocket, in the protocol graphql-transport-ws.
// Rule: it ends with a failure that says whether to come back; coming back is the session's business.
import { RequestError } from "./errors.js";
import { SYNC_STREAM, type SyncPageFields, type SyncStreamVariables } from "./generated/operations.js";
import { errorOf } from "./http.js";
import type { Cost } from "./measurements.js";
import { classify } from "./protocol/failure.js";

/** The server says something at least every 15 s. */
const SILENCE_MS = 40_000;
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
    const listen = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => end(new RequestError("The server fell silent.", "transient")), SILENCE_MS);
    };
    signal.addEventListener("abort", onAbort);
    listen();
    socket.onopen = () => say({ type: "connection_init", payload: { Authorization: `Bearer ${bearer}` } });
    socket.onclose = ({ code, reason }) => end(new RequestError(reason || `The connection was closed (${code}).`, classify({ closeCode: code })));
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      listen();
      onCost({ requests: 0, notModified: 0, bytes: data.length, ms: null });
      const { type, payload } = JSON.parse(data);
      if (type === "ping") say({ type: "pong" });
      else if (type === "connection_ack") {
        say({ id: "1", type: "subscribe", payload: { query: SYNC_STREAM, variables } });
        onOpen();
      } else if (type === "next" && payload.data?.sync) onPage(payload.data.sync);
      else if (type === "next" || type === "error") end(errorOf((payload.errors ?? payload)[0], 200));
      else if (type === "complete") end(new RequestError("The stream ended.", "ended"));
    };
  });
}
