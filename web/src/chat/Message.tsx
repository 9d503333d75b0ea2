// One message, and what the viewer may do with it. Its text is only ever text.
import type { MessageFields, Pending, UserFields } from "@pollux/client/chat";
import type { MessageActions } from "@pollux/client/react";
import { type KeyboardEvent, memo, useRef, useState } from "react";
import { Avatar } from "./Avatar";
import { useLanguage, useTexts } from "./texts";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

interface Props {
  readonly message: MessageFields;
  readonly isOwn: boolean;
  readonly follows: boolean;
  readonly actions: MessageActions;
  readonly reply: (message: MessageFields) => void;
}

export const Message = memo(function Message({ message, isOwn, follows, actions, reply }: Props) {
  const texts = useTexts();
  const [isEditing, setIsEditing] = useState(false);
  const [isChoosing, setIsChoosing] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (done: Promise<unknown>) => void done.then(() => setError(null), (wrong: Error) => setError(wrong.message));
  // What had the focus goes away with the choice, or with the editor: it goes back to where it came from.
  const reacting = useRef<HTMLButtonElement>(null);
  const editing = useRef<HTMLButtonElement>(null);
  const endEditing = () => {
    setIsEditing(false);
    editing.current?.focus();
  };
  const endChoosing = () => {
    if (isChoosing) reacting.current?.focus();
    setIsChoosing(false);
  };
  const react = (emoji: string, has: boolean) => {
    endChoosing();
    run(has ? actions.unreact(message.id, emoji) : actions.react(message.id, emoji));
  };
  return (
    <article className={follows ? "message follows" : "message"} data-seq={message.seq}>
      {!follows && <Byline author={message.author} at={message.createdAt} />}
      {message.replyTo && (
        <blockquote>
          <strong>{message.replyTo.author.name}</strong> {message.replyTo.deletedAt ? <em>{texts.deleted}</em> : message.replyTo.content}
        </blockquote>
      )}
      {isEditing ? (
        <Editor content={message.content} cancel={endEditing}
          save={(content) => { endEditing(); if (content !== message.content) run(actions.edit(message.id, content)); }} />
      ) : (
        <p className="content">{message.deletedAt ? <em>{texts.deleted}</em> : message.content}{message.editedAt && !message.deletedAt && <small> {texts.edited}</small>}</p>
      )}
      {message.reactions.length > 0 && (
        <p className="reactions">
          {message.reactions.map(({ emoji, count, viewerHasReacted }) => (
            <button key={emoji} aria-pressed={viewerHasReacted} onClick={() => react(emoji, viewerHasReacted)}>{emoji} {count}</button>
          ))}
        </p>
      )}
      {error && <p role="alert" className="hint bad">{error}</p>}
      {!message.deletedAt && (
        <div className="tools" onKeyDown={(event) => { if (event.key === "Escape") endChoosing(); }}>
          {isChoosing && EMOJI.map((emoji, index) => (
            <button key={emoji} autoFocus={index === 0} aria-label={`${texts.react} ${emoji}`} onClick={() => react(emoji, false)}>{emoji}</button>
          ))}
          <button ref={reacting} aria-expanded={isChoosing} onClick={() => setIsChoosing(!isChoosing)}>{texts.react}</button>
          <button onClick={() => reply(message)}>{texts.reply}</button>
          {isOwn && <button ref={editing} onClick={() => setIsEditing(true)}>{texts.edit}</button>}
          {isOwn && <button onClick={() => { if (confirm(texts.removeSure)) run(actions.remove(message.id)); }}>{texts.remove}</button>}
        </div>
      )}
    </article>
  );
});

function Editor({ content, save, cancel }: { content: string; save: (content: string) => void; cancel: () => void }) {
  const texts = useTexts();
  const [text, setText] = useState(content);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") cancel();
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && text.trim()) {
      event.preventDefault();
      save(text);
    }
  };
  return (
    <div className="editor">
      <textarea aria-label={texts.editing} value={text} autoFocus onKeyDown={onKeyDown}
        onFocus={({ target }) => target.setSelectionRange(target.value.length, target.value.length)} onChange={(event) => setText(event.target.value)} />
      <button onClick={() => save(text)} disabled={!text.trim()}>{texts.save}</button>
      <button className="quiet" onClick={cancel}>{texts.cancel}</button>
    </div>
  );
}

/** Who wrote, and when. */
function Byline({ author, at }: { author: UserFields; at: string | number }) {
  const { language } = useLanguage();
  const moment = new Date(at);
  return (
    <header>
      <Avatar user={author} />
      <strong>{author.name}</strong>
      <time dateTime={moment.toISOString()} title={moment.toLocaleString(language, { dateStyle: "full", timeStyle: "medium" })}>
        {moment.toLocaleTimeString(language, { hour: "numeric", minute: "2-digit" })}
      </time>
    </header>
  );
}

interface PendingProps {
  readonly pending: Pending;
  readonly actions: MessageActions;
  /** Null where it follows the viewer's own message. */
  readonly author: UserFields | null;
}

export function PendingMessage({ pending, actions, author }: PendingProps) {
  const texts = useTexts();
  return (
    <article className={`message${author ? "" : " follows"}${pending.status === "sent" ? "" : " pending"}`}>
      {author && <Byline author={author} at={pending.writtenAt} />}
      <p className="content">{pending.content}</p>
      {pending.status === "sending" && <small>{texts.sending}</small>}
      {pending.status === "failed" && (
        <p role="alert" className="hint bad">
          {texts.failed}: {pending.error?.message}{" "}
          <button onClick={() => void actions.retry(pending).catch(() => {})}>{texts.retry}</button>
          <button onClick={() => actions.discard(pending)}>{texts.discard}</button>
        </p>
      )}
    </article>
  );
}
