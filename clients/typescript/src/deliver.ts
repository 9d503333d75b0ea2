// Brings one message to the server, however often it takes.
import type { Environment } from "./environment.js";
import { RefusedError, RequestError } from "./errors.js";
import { type MessageFields, SEND_MESSAGE, type SendMessageVariables } from "./generated/operations.js";
import type { Http } from "./http.js";
import { SendMachine } from "./protocol/send.js";

/** Resolves with the stored message. `waiting` holds how to end a wait early, which the network's return does. */
export async function deliver(
  http: Http,
  environment: Environment,
  variables: SendMessageVariables,
  waiting: Set<() => void>,
  closed: AbortSignal,
): Promise<MessageFields> {
  const machine = new SendMachine(environment.random, http.isRenewable);
  const now = (): number => Math.round(performance.now());
  let failure: unknown;
  let action = machine.take(now(), { type: "start" });
  for (;;) {
    if (closed.aborted) throw new RequestError("The client was closed.", "final", "CLOSED");
    if (action?.do === "fail") throw failure;
    if (action?.do === "send") {
      try {
        if (action.renewToken) await http.bearer(true);
        const { message, userErrors } = (await http.request(SEND_MESSAGE, variables, { signal: closed })).sendMessage;
        if (message) return message;
        throw new RefusedError(userErrors);
      } catch (error) {
        failure = error;
        action = machine.take(now(), { type: "failed", failure: error instanceof RequestError ? error : { kind: "final" } });
      }
    } else {
      const type = await new Promise<"tick" | "online">((resolve) => {
        const timer = setTimeout(() => end("tick"), machine.wakeAt! - performance.now());
        const online = (): void => end("online");
        const end = (what: "tick" | "online"): void => {
          clearTimeout(timer);
          waiting.delete(online);
          resolve(what);
        };
        waiting.add(online);
      });
      action = machine.take(now(), { type });
    }
  }
}
