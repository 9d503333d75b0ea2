// The tabs of a first visit, in the order in which a new user would try them. A tab is called after its first operation.
import channels from "./examples/Channels.graphql?raw";
import createChannel from "./examples/CreateChannel.graphql?raw";
import latency from "./examples/Latency.graphql?raw";
import members from "./examples/Members.graphql?raw";
import nodes from "./examples/Nodes.graphql?raw";
import notifications from "./examples/Notifications.graphql?raw";
import pollMessages from "./examples/PollMessages.graphql?raw";
import pollingInterval from "./examples/PollingInterval.graphql?raw";
import presence from "./examples/Presence.graphql?raw";
import sendMessage from "./examples/SendMessage.graphql?raw";
import sync from "./examples/Sync.graphql?raw";
import whoAmI from "./examples/WhoAmI.graphql?raw";

export interface Example {
  readonly query: string;
  readonly variables?: string;
}

/** What variables name that only the server knows. */
export interface Known {
  readonly userId: string;
  readonly channelId: string;
  readonly messageId: string;
  readonly cursor: string;
}

/** Where nobody is signed in yet. */
export const UNKNOWN: Known = {
  userId: "<id, from WhoAmI>",
  channelId: "<id, from Channels>",
  messageId: "<id, from SendMessage>",
  cursor: "<cursor, from SendMessage>",
};

const example = (query: string, variables: Record<string, unknown>): Example => ({ query, variables: JSON.stringify(variables, null, 2) });

export const examples = ({ userId, channelId, messageId, cursor }: Known): Example[] => [
  { query: whoAmI }, // GraphiQL shows no variables of the first tab
  example(channels, { first: 20, channelId, text: "gen" }),
  example(sendMessage, { channelId, content: "Hello", messageId, emoji: "👍" }),
  example(pollMessages, { channelId, cursor: null, first: 50, text: "hello" }),
  example(sync, { token: null, waitMs: 0 }),
  example(notifications, { first: 20, notificationId: "<id, from UnreadNotifications>", userId }),
  example(pollingInterval, { channelId: null, activity: "ACTIVE" }),
  example(presence, { channelId, typing: true, cursor }),
  example(createChannel, { input: { name: "lobby", topic: "First steps", kind: "PUBLIC", memberIds: [] }, channelId, topic: "Say hello" }),
  example(members, { text: "b", channelId, userId: "<id, from SearchUsers>", role: "MODERATOR" }),
  example(nodes, { id: channelId, ids: [channelId, userId, messageId] }),
  example(latency, { type: "MESSAGE", latenciesMs: [120, 80, 95] }),
];
