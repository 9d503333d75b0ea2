// GraphQL over HTTP by fetch: one operation a request, one answer or one error.
// Rule: an answer that did not change costs no body; what went wrong is a RequestError with the server's code.
import type { Document } from "./document.js";
import { failed, RequestError } from "./errors.js";
import type { Cost } from "./measurements.js";
import { classify } from "./protocol/failure.js";

/** A bearer token, or what gets one: called at first and, with `true`, when the one it gave was not believed. */
export type Token = string | ((renew: boolean) => string | Promise<string>);

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which to give up; 15 s if absent. */
  readonly timeoutMs?: number;
  /** Do not measure how long it took: the server may wait before it answers. */
  readonly isHeld?: boolean;
}

/** An entry of `errors`. */
export interface ErrorEntry {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryAfterMs?: number } & Record<string, unknown>;
}

export class Http {
  #bearer: string | undefined;
  /** The newest answer to each query, to be checked again; mutations have no ETag. */
  readonly #kept = new Map<string, { readonly body: string; readonly etag: string; readonly data: unknown }>();

  constructor(
    readonly url: string,
    readonly token: Token,
    readonly onCost: (cost: Cost) => void,
  ) {}

  /** Whether a new token can be had. */
  get isRenewable(): boolean {
    return typeof this.token !== "string";
  }

  /** Return the bearer token; with `renew` a new one, where there is a way to get one. */
  async bearer(renew = false): Promise<string> {
    const { token } = this;
    if (typeof token === "string") return token;
    if (renew) this.#bearer = undefined;
    return (this.#bearer ??= await token(renew));
  }

  /** Ask, and return the data. Throws RequestError. */
  async request<Data, Variables>(
    document: Document<Data, Variables>,
    variables: Variables,
    { signal, timeoutMs = 15_000, isHeld }: RequestOptions = {},
  ): Promise<Data> {
    const body = JSON.stringify({ query: document, variables });
    const known = this.#kept.get(document);
    const kept = known?.body === body ? known : null;
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const headers = {
        Accept: "application/graphql-response+json",
        Authorization: `Bearer ${await this.bearer()}`,
        "Content-Type": "application/json",
        ...(kept && { "If-None-Match": kept.etag }),
      };
      const began = performance.now();
      const response = await fetch(this.url, {
        method: "POST", headers, body, signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      const text = await response.text();
      const isSame = response.status === 304;
      const bytes = +(response.headers.get("Content-Length") ?? text.length);
      this.onCost({ requests: 1, notModified: +isSame, bytes, ms: isHeld ? null : performance.now() - began });
      if (kept && isSame) return kept.data as Data;
      const data = dataOf(response, text);
      const etag = response.headers.get("ETag");
      if (etag) this.#kept.set(document, { body, etag, data });
      return data as Data;
    } catch (error) {
      throw deadline.aborted ? new RequestError("Timed out.", "transient") : failed(error);
    }
  }
}

function dataOf({ status, headers }: Response, text: string): unknown {
  let answer: { readonly data?: unknown; readonly errors?: readonly ErrorEntry[] } | null = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // What is no JSON comes from something between here and the server; its status says what it is.
  }
  const first = answer?.errors?.[0];
  if (answer?.data && !first) return answer.data;
  throw errorOf(first, status, Number(headers.get("Retry-After")) * 1000);
}

/** What the first entry of `errors` means, or where there is none the status. */
export function errorOf(entry: ErrorEntry | undefined, status: number, retryAfterMs = 0): RequestError {
  const { message = `HTTP ${status}`, extensions = {} } = entry ?? {};
  const { code } = extensions;
  return new RequestError(message, classify({ status, code }), code, extensions.retryAfterMs ?? (retryAfterMs || null), extensions);
}
