// The ten lines of the README, which must compile (tests/readme.test.ts compares them).
declare function fetchToken(): Promise<string>;

import { createChatClient } from "@pollux/client/chat";
import { PolluxProvider, useChannelMessages } from "@pollux/client/react";

const client = createChatClient({ url: "/graphql", token: () => fetchToken() });

function Room({ channelId }: { channelId: string }) {
  const { messages, pending, actions } = useChannelMessages(channelId);
  const lines = [...messages, ...pending].map((one) => <li key={one.clientMessageId ?? one.content}>{one.content}</li>);
  return <form action={(form) => void actions.send(String(form.get("words")))}><ul>{lines}</ul><input name="words" /></form>;
}

export const App = () => <PolluxProvider client={client}><Room channelId="YwE" /></PolluxProvider>;
