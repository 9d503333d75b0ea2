// Sending: until the server has it, once, in order.
import { expect, test } from "vitest";
import { RefusedError } from "../src/index.js";
import { refusal } from "./fake-server.js";
import { around, open, pass, server } from "./opened.js";

test("a send is tried until it is stored, always as the same message; in a channel one after the other", async () => {
  server.failures["SendMessage"] = [new TypeError("fetch failed"), refusal(503, "UNAVAILABLE", { retryAfterMs: 2000 })];
  const { provider } = open();
  const sends = [provider.send("c1", "first"), provider.send("c1", "second", { replyToId: "m9", mentionIds: ["bob"] })];
  await pass(10_000);
  expect((await Promise.all(sends)).map((one) => one.content)).toEqual(["first", "second"]);
  const inputs = server.asked.filter((one) => one.name === "SendMessage").map((one) => one.variables.input!);
  expect(inputs.map((one) => one["content"])).toEqual(["first", "first", "first", "second"]);
  expect(new Set(inputs.map((one) => one["clientMessageId"]))).toHaveLength(2);
  expect(inputs[3]).toMatchObject({ replyToId: "m9", mentionIds: ["bob"] });
});

test("a send goes on at once when the network is back", async () => {
  server.failures["SendMessage"] = [new TypeError("1"), new TypeError("2"), new TypeError("3"), new TypeError("4")];
  const { provider } = open();
  const sending = provider.send("c1", "hello");
  await pass(3600); // the fourth try failed at 3500 and the next is due 4000 later
  around.set({ online: true });
  await pass(0);
  expect((await sending).content).toBe("hello");
});

test("what can be mended is said, and later sends go on", async () => {
  const userErrors = [{ field: ["input", "content"], message: "Too long.", code: "TOO_LONG" }];
  server.failures["SendMessage"] = [new Response(JSON.stringify({ data: { sendMessage: { message: null, userErrors } } }))];
  const { provider } = open();
  const sending = provider.send("c1", "x".repeat(5000)).catch((error: unknown) => error);
  const later = provider.send("c1", "short");
  await pass(0);
  expect(await sending).toBeInstanceOf(RefusedError);
  expect(await sending).toMatchObject({ message: "Too long.", userErrors });
  expect((await later).content).toBe("short");
});
