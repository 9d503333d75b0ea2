// Writing a message: Enter sends, Shift+Enter begins a line, Escape ends a reply.
import type { MessageFields } from "@pollux/client/chat";
import type { MessageActions } from "@pollux/client/react";
import { type KeyboardEvent, type SyntheticEvent, useEffect, useRef, useState } from "react";
import { useTexts } from "./texts";

/** As many characters as the server takes. */
const LONGEST = 4000;

interface Props {
  readonly send: MessageActions["send"];
  readonly typing: () => void;
  readonly replyTo: MessageFields | null;
  readonly endReply: () => void;
}

export function Composer({ send, typing, replyTo, endReply }: Props) {
  const texts = useTexts();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (replyTo) field.current?.focus();
  }, [replyTo]);
  const isTooLong = [...text].length > LONGEST;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!text.trim() || isTooLong) return;
    // What fails is shown in its place among the messages, to be sent again.
    send(text, { replyToId: replyTo?.id ?? null }).catch(() => {});
    setText("");
    endReply();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") endReply();
    // While Hangul is composed, Enter ends the syllable.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };
  return (
    <form className="composer" onSubmit={submit}>
      {replyTo && (
        <p className="hint">
          {texts.replyingTo(replyTo.author.name)} <button type="button" className="quiet" onClick={endReply}>{texts.cancel}</button>
        </p>
      )}
      {isTooLong && <p role="alert" className="hint bad">{texts.tooLong}</p>}
      <div className="row">
        <textarea ref={field} aria-label={texts.message} placeholder={texts.message} rows={1} value={text} autoFocus
          onChange={(event) => { setText(event.target.value); if (event.target.value) typing(); }} onKeyDown={onKeyDown} />
        <button type="submit" disabled={!text.trim() || isTooLong}>{texts.send}</button>
      </div>
    </form>
  );
}
