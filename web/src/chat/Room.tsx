// A channel: its messages in order, upwards without end, who is there, and writing.
import type { MessageFields } from "@pollux/client/chat";
import { LEAVE_CHANNEL } from "@pollux/client/chat";
import { useChannelMessages, useClient, useDynamicPolling, usePresence, useSync } from "@pollux/client/react";
import { Fragment, useEffect, useState } from "react";
import { Avatar } from "./Avatar";
import { Composer } from "./Composer";
import { Found } from "./Found";
import { Message, PendingMessage } from "./Message";
import { useLog } from "./useLog";
import { useLanguage, useTexts } from "./texts";

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
  const [refusal, setRefusal] = useState<string | null>(null);
  const leave = () => {
    if (confirm(texts.leaveSure(channel?.name ?? ""))) {
      client.mutate(LEAVE_CHANNEL, { channelId }).then(close, (wrong: Error) => setRefusal(wrong.message));
    }
  };
  const typing = presence.typingUsers ?? [];
  const names = typing.map((one) => one.name).join(", ");
  return (
    <section className="room" aria-label={channel?.name ?? texts.messages}>
      <div className="head">
        <button className="quiet back" onClick={close} aria-label={texts.back}>←</button>
        <h2># {channel?.name ?? "…"}</h2>
        <p className="topic">{channel?.topic}</p>
        <p className="people" title={presence.onlineUsers?.map((one) => one.name).join(", ")}>
          {presence.onlineUsers?.slice(0, MOST_FACES).map((one) => <Avatar key={one.id} user={one} />)}
          {channel && texts.members(channel.memberCount)}
          {presence.activeUsers !== null && ` · ${texts.active(presence.activeUsers)}`}
        </p>
        <input type="search" aria-label={texts.findMessages} placeholder={texts.findMessages} value={sought} maxLength={100}
          onChange={(event) => setSought(event.target.value)} />
        <button className="quiet leave" onClick={leave}>{texts.leave}</button>
      </div>
      {refusal && <p role="alert" className="banner bad">{refusal} <button className="quiet" onClick={() => setRefusal(null)}>{texts.close}</button></p>}
      {sought.trim() && <Found channelId={channelId} text={sought.trim()} />}
      <div className="log" role="log" aria-label={texts.messages} tabIndex={0} ref={log.ref} onScroll={log.onScroll}>
        {hasOlder && <button className="quiet older" onClick={loadOlder} disabled={isLoadingOlder}>{isLoadingOlder ? texts.loading : texts.older}</button>}
        {isPending && <p className="empty">{texts.loading}</p>}
        {error && <p role="alert" className="empty bad">{error.message}</p>}
        {!isPending && messages.length + pending.length === 0 && <p className="empty">{texts.noMessages}</p>}
        {messages.map((one, index) => (
          <Fragment key={one.id}>
            {dayOf(messages[index - 1]) !== dayOf(one) && <Day at={one.createdAt} />}
            <Message message={one} isOwn={one.author.id === viewer?.id} follows={follows(messages[index - 1], one)} actions={actions} reply={setReplyTo} />
          </Fragment>
        ))}
        {pending.map((one, index) => (
          <PendingMessage key={one.clientMessageId} pending={one} actions={actions} author={index === 0 && newest?.author.id !== viewer?.id ? viewer : null} />
        ))}
      </div>
      {!log.isAtEnd && <button className="to-newest" onClick={log.toEnd}>↓ {texts.newest}</button>}
      <p className="typing" aria-live="polite">{names && (typing.length === 1 ? texts.typing(names) : texts.severalTyping(names))}</p>
      <Composer send={actions.send} typing={presence.typing} replyTo={replyTo} endReply={() => setReplyTo(null)} />
    </section>
  );
}

const MOST_FACES = 4;

const dayOf = (message: MessageFields | undefined): string | undefined => message && new Date(message.createdAt).toDateString();

function Day({ at }: { at: string }) {
  const { language } = useLanguage();
  return <p className="day"><time dateTime={at}>{new Date(at).toLocaleDateString(language, { dateStyle: "full" })}</time></p>;
}

/** Whether a message goes on where the same author's last one ended, within five minutes. */
const follows = (last: MessageFields | undefined, next: MessageFields): boolean =>
  last !== undefined && last.author.id === next.author.id && !next.replyTo && dayOf(last) === dayOf(next) && Date.parse(next.createdAt) - Date.parse(last.createdAt) < 300_000;
