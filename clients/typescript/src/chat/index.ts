// @pollux/client/chat: what a chat shows and does, over a provider; no library either.
export * from "../generated/operations.js";
export type * as Schema from "../generated/schema.js";
export * from "../index.js";
export { showOnce } from "./browser-notifications.js";
export { ChatClient, createChatClient, type Payload } from "./client.js";
export type { Pending } from "./outbox.js";
export type { Sample } from "./samples.js";
export type { ChannelView, Store } from "./store.js";
