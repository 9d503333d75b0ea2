// Brings one message to the server, however often it takes.
import { RefusedError, RequestError } from "./errors.js";
import { type MessageFields, SEND_MESSAGE, type SendMessageVariables } from "./generated/operations.js";
import type { Http } from "./http.js";
import { SendMachine } from "./protocol/send.js";

/** Resolves with the stored message. `waiting` holds how to end a wait early, which the network's return does. */
export async function deliver(
  http: Http,
  variables: SendMessageVariables,
  waiting: Set<() => void>,
  closed: AbortSignal,
): Promise<MessageFields> {
  const machine = new SendMachine(Math.random, http.isRenewable);
  const now = (): number => Math.round(performance.now());
  let failure: unknown;
  let action = machine.take(now(), { type: "start" });
  for (;;) {
    if (closed.aborted) throw new RequestError("Closed.", "final", "CLOSED");
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
      let timer: ReturnType<typeof setTimeout> | undefined;
      const type = await new Promise<"tick" | "online">((resolve) => {
        timer = setTimeout(resolve, machine.wakeAt! - performance.now(), "tick");
        waiting.add(() => resolve("online"));
      });
      clearTimeout(timer);
      action = machine.take(now(), { type });
    }
  }
}
