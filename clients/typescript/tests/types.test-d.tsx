// What the compiler must and must not accept; checked by tsc, never run.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { expectTypeOf, test } from "vitest";
import { type ChatClient, createChatClient, EDIT_MESSAGE, type MessageFields, SEARCH_CHANNELS, type Schema } from "../src/chat/index.js";
import { createRealtimeProvider, type RealtimeProvider, type TransportName } from "../src/index.js";
import { PolluxProvider, useChannelMessages, useDynamicPolling, useNotifications, usePolling, useResilientPolling, useSync } from "../src/react/index.js";

declare const client: ChatClient;

test("a provider is made with one of three transports, and is a RealtimeProvider", () => {
  expectTypeOf(createRealtimeProvider).returns.toExtend<RealtimeProvider>();
  expectTypeOf(createChatClient).returns.toExtend<RealtimeProvider>();
  expectTypeOf<TransportName>().toEqualTypeOf<"polling" | "long-polling" | "websocket">();
  createRealtimeProvider({ url: "/graphql", token: async (renew) => (renew ? "new" : "old"), transport: "websocket" });
  // @ts-expect-error there is no such transport
  createRealtimeProvider({ url: "/graphql", token: "secret", transport: "pigeon" });
  // @ts-expect-error a token is needed
  createRealtimeProvider({ url: "/graphql" });
});

test("events are told apart by their type", () => {
  client.subscribe("c1", (event) => {
    if (event.type === "messageCreated") {
      expectTypeOf(event.message).toEqualTypeOf<MessageFields>();
      expectTypeOf(event.fresh).toBeBoolean();
    }
    if (event.type === "gap") expectTypeOf(event.before).toEqualTypeOf<string | null>();
    // @ts-expect-error not every event has a message
    event.message;
  });
  expectTypeOf(client.send("c1", "hello")).resolves.toEqualTypeOf<MessageFields>();
});

test("an operation knows its variables and its data", async () => {
  const found = await client.request(SEARCH_CHANNELS, { text: "gen" });
  expectTypeOf(found.searchChannels!.nodes[0]!.unreadCount).toBeNumber();
  // @ts-expect-error a variable is missing
  void client.request(SEARCH_CHANNELS, {});
  const payload = await client.mutate(EDIT_MESSAGE, { input: { messageId: "m1", content: "x" } });
  expectTypeOf(payload.message).toEqualTypeOf<MessageFields | null>();
  // @ts-expect-error a mutation is not a query
  void client.mutate(SEARCH_CHANNELS, { text: "gen" });
});

test("the schema's types know what may be null, and that enums may grow", () => {
  expectTypeOf<Schema.Message["editedAt"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Schema.SendMessageInput["content"]>().toBeString();
  expectTypeOf<"QUIET">().toExtend<Schema.PollingReason>();
  expectTypeOf<string>().toExtend<Schema.PollingReason>();
});

test("hooks keep the type of what is fetched", () => {
  expectTypeOf(usePolling(["n"], () => Promise.resolve(1))).toEqualTypeOf<UseQueryResult<number>>();
  expectTypeOf(useResilientPolling(["n"], () => Promise.resolve("a")).query.data).toEqualTypeOf<string | undefined>();
  expectTypeOf(useDynamicPolling("c1", { fetcher: () => Promise.resolve(true) }).query.data).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(useDynamicPolling("c1").interval).toExtend<{ readonly milliseconds: number } | null>();
  // @ts-expect-error the interval is a number
  usePolling(["n"], () => Promise.resolve(1), { interval: "2s" });
  expectTypeOf(useChannelMessages("c1").messages).toEqualTypeOf<readonly MessageFields[]>();
  expectTypeOf(useChannelMessages("c1").actions.send).parameter(0).toBeString();
  expectTypeOf(useNotifications().permission).toEqualTypeOf<NotificationPermission | "unsupported">();
  expectTypeOf(useSync().setTransport).parameter(0).toEqualTypeOf<TransportName>();
  // @ts-expect-error a channel is named
  useChannelMessages();
});

test("the provider needs a client", () => {
  expectTypeOf(PolluxProvider).returns.toEqualTypeOf<ReactElement>();
  // @ts-expect-error none is given
  void (<PolluxProvider>hello</PolluxProvider>);
});
