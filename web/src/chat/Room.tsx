// A channel: its messages in order, upwards without end, who is there, and writing.
import type { MessageFields } from "@pollux/client/chat";
import { LEAVE_CHANNEL } from "@pollux/client/chat";
import { useChannelMessages, useClient, useDynamicPolling, usePresence, useSync } from "@pollux/client/react";
import { useCallback, useEffect, useState } from "react";
import { Composer } from "./Composer";
import { Found } from "./Found";
import { Message, PendingMessage } from "./Message";
import { useLog } from "./useLog";
import { useTexts } from "./texts";

export function Room({ channelId, close }: { channelId: string; close: () => void }) {
  const texts = useTexts();
  const client = useClient();
  const { viewer } = useSync();
  const { channel, messages, pending, isPending, hasOlder, isLoadingOlder, loadOlder, error, actions } = useChannelMessages(channelId);
  const presence = usePresence(channelId);
  useDynamicPolling(channelId);
  const [replyTo, setReplyTo] = useState<MessageFields | null>(null);
  const [sought, setSought] = useState("");
  const newest = messages.at(-1);
  const log = useLog({ count: messages.length + pending.length, first: messages[0]?.seq, hasOlder, loadOlder });
  const { markRead } = actions;
  useEffect(() => {
    const read = () => {
      if (!document.hidden && newest && channel && channel.unreadCount > 0) markRead(newest).catch(() => {}); // the next message tries again
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [newest, channel, markRead]);
  const leave = useCallback(async () => {
    await client.mutate(LEAVE_CHANNEL, { channelId });
    close();
  }, [client, channelId, close]);
  const typing = presence.typingUsers ?? [];
  const names = typing.map((one) => one.name).join(", ");
  return (
    <section className="room" aria-label={channel?.name ?? texts.messages}>
      <div className="head">
        <button className="quiet back" onClick={close} aria-label={texts.back}>←</button>
        <h2># {channel?.name ?? "…"}</h2>
        <p className="topic">{channel?.topic}</p>
        <p className="people" title={presence.onlineUsers?.map((one) => one.name).join(", ")}>
          {channel && texts.members(channel.memberCount)}
          {presence.activeUsers !== null && ` · ${texts.active(presence.activeUsers)}`}
        </p>
        <input type="search" aria-label={texts.findMessages} placeholder={texts.findMessages} value={sought} maxLength={100}
          onChange={(event) => setSought(event.target.value)} />
        <button className="quiet leave" onClick={() => void leave()}>{texts.leave}</button>
      </div>
      {sought.trim() && <Found channelId={channelId} text={sought.trim()} />}
      <div className="log" role="log" aria-label={texts.messages} tabIndex={0} ref={log.ref} onScroll={log.onScroll}>
        {hasOlder && <button className="quiet older" onClick={loadOlder} disabled={isLoadingOlder}>{isLoadingOlder ? texts.loading : texts.older}</button>}
        {isPending && <p className="empty">{texts.loading}</p>}
        {error && <p role="alert" className="empty bad">{error.message}</p>}
        {!isPending && messages.length + pending.length === 0 && <p className="empty">{texts.noMessages}</p>}
        {messages.map((one, index) => (
          <Message key={one.id} message={one} isOwn={one.author.id === viewer?.id} follows={follows(messages[index - 1], one)} actions={actions} reply={setReplyTo} />
        ))}
        {pending.map((one) => (
          <PendingMessage key={one.clientMessageId} pending={one} actions={actions} />
        ))}
      </div>
      {!log.isAtEnd && <button className="to-newest" onClick={log.toEnd}>↓ {texts.newest}</button>}
      <p className="typing" aria-live="polite">{names && (typing.length === 1 ? texts.typing(names) : texts.severalTyping(names))}</p>
      <Composer send={actions.send} typing={presence.typing} replyTo={replyTo} endReply={() => setReplyTo(null)} />
    </section>
  );
}

/** Whether a message goes on where the same author's last one ended, within five minutes. */
const follows = (last: MessageFields | undefined, next: MessageFields): boolean =>
  last !== undefined && last.author.id === next.author.id && !next.replyTo && Date.parse(next.createdAt) - Date.parse(last.createdAt) < 300_000;
