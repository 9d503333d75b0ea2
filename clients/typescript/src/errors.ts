// What can go wrong with a request, by the server's own codes.
import type { UserErrorFields } from "./generated/operations.js";
import type { Failure, FailureKind } from "./protocol/failure.js";

/** A request that was not answered with data. `code` is the server's, or `NETWORK` where nothing of use came back. */
export class RequestError extends Error implements Failure {
  constructor(
    message: string,
    readonly kind: FailureKind,
    readonly code = "NETWORK",
    /** When the server asks to try again, in milliseconds. */
    readonly retryAfterMs: number | null = null,
    /** `errors[0].extensions`: such as `reset` of an `INVALID_CURSOR`. */
    readonly extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** What the user can mend: the `userErrors` of a mutation's payload. The message is the first one's. */
export class RefusedError extends Error {
  constructor(readonly userErrors: readonly UserErrorFields[]) {
    super(userErrors[0]?.message);
  }
}

/** Anything thrown as a RequestError: what is none comes from the network. */
export const failed = (error: unknown): RequestError => (error instanceof RequestError ? error : new RequestError(String(error), "transient"));
