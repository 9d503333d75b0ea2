// GraphQL over HTTP by fetch: one operation a request, one answer or one error.
// Rule: an answer that did not change costs no body; what went wrong is a RequestError with the server's code.
import type { Document } from "./document.js";
import type { Environment } from "./environment.js";
import { RequestError } from "./errors.js";
import { classify } from "./protocol/failure.js";

/** A bearer token, or what gets one: called at first and, with `true`, when the one it gave was not believed. */
export type Token = string | ((renew: boolean) => string | Promise<string>);

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Keep the answer, and let the server say when it is the same again. */
  readonly revalidate?: boolean;
  /** Milliseconds after which to give up; 15 s if absent. */
  readonly timeoutMs?: number;
  /** Do not count how long it took: the server may wait before it answers. */
  readonly isHeld?: boolean;
}

export interface Cost {
  readonly bytes: number;
  /** Null for a request that the server held. */
  readonly ms: number | null;
  readonly notModified: boolean;
}

interface GraphQLAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

export class Http {
  #bearer: Promise<string> | null = null;
  /** The newest answer to be checked again, by document. */
  readonly #kept = new Map<string, { readonly body: string; readonly etag: string; readonly data: unknown }>();

  constructor(
    readonly url: string,
    readonly token: Token,
    readonly environment: Environment,
    readonly onCost: (cost: Cost) => void,
  ) {}

  /** Whether a new token can be had. */
  get isRenewable(): boolean {
    return typeof this.token !== "string";
  }

  /** Return the bearer token; with `renew` a new one, where there is a way to get one. */
  bearer(renew = false): Promise<string> {
    const { token } = this;
    if (renew || !this.#bearer) {
      const found = (async () => (typeof token === "string" ? token : token(renew)))();
      this.#bearer = found;
      found.catch(() => {
        if (this.#bearer === found) this.#bearer = null;
      });
    }
    return this.#bearer;
  }

  /** Ask, and return the data. Throws RequestError. */
  async request<Data, Variables>(document: Document<Data, Variables>, variables: Variables, options: RequestOptions = {}): Promise<Data> {
    return (await this.ask(document, variables, options)).data;
  }

  /** As `request`; says too whether the answer is the one that was given before. */
  async ask<Data, Variables>(
    document: Document<Data, Variables>,
    variables: Variables,
    { signal, revalidate = false, timeoutMs = 15_000, isHeld = false }: RequestOptions,
  ): Promise<{ readonly data: Data; readonly isSame: boolean }> {
    const { environment } = this;
    const body = JSON.stringify({ query: document, variables });
    const known = revalidate ? this.#kept.get(document) : undefined;
    const kept = known?.body === body ? known : undefined;
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const headers: Record<string, string> = {
        Accept: "application/graphql-response+json",
        Authorization: `Bearer ${await this.bearer()}`,
        "Content-Type": "application/json",
        ...(kept && { "If-None-Match": kept.etag }),
      };
      const began = environment.now();
      const within = signal ? AbortSignal.any([signal, deadline]) : deadline;
      const response = await environment.fetch(this.url, { method: "POST", headers, body, signal: within, cache: "no-store" });
      const isSame = kept !== undefined && response.status === 304;
      const text = await response.text();
      const bytes = Number(response.headers.get("Content-Length") ?? new TextEncoder().encode(text).length);
      this.onCost({ bytes, ms: isHeld ? null : environment.now() - began, notModified: isSame });
      if (isSame) return { data: kept.data as Data, isSame };
      const data = dataOf(response, text);
      const etag = response.headers.get("ETag");
      if (revalidate && etag) this.#kept.set(document, { body, etag, data });
      return { data: data as Data, isSame };
    } catch (error) {
      if (error instanceof RequestError) throw error;
      throw new RequestError(deadline.aborted ? "The server did not answer in time." : String(error), "transient");
    }
  }
}

function dataOf(response: Response, text: string): unknown {
  let answer: GraphQLAnswer | null = null;
  try {
    answer = JSON.parse(text) as GraphQLAnswer | null;
  } catch {
    // What is no JSON comes from something between here and the server; its status says what it is.
  }
  const [first] = answer?.errors ?? [];
  if (answer?.data && !first) return answer.data;
  throw failureOf(first, response.status, `The server answered ${response.status}.`, response.headers.get("Retry-After"));
}

/** What an entry of `errors` means. */
export function failureOf(
  entry: NonNullable<GraphQLAnswer["errors"]>[number] | undefined,
  status: number,
  message: string,
  retryAfterS: string | null = null,
): RequestError {
  const { code, retryAfterMs = Number(retryAfterS) * 1000 || null } = (entry?.extensions ?? {}) as { code?: string; retryAfterMs?: number };
  const kind = classify(code === undefined ? { status } : { status, code });
  return new RequestError(entry?.message ?? message, kind, code, retryAfterMs, entry?.extensions);
}
