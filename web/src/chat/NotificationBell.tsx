// The bell: how many notifications are unread, and a list of them.
import type { NotificationFields } from "@pollux/client/chat";
import type { Notifications } from "@pollux/client/react";
import { useEffect, useRef, useState } from "react";
import { useLanguage, useTexts } from "./texts";

interface Props {
  readonly notifications: Notifications;
  readonly open: (channelId: string) => void;
}

export function NotificationBell({ notifications: all, open }: Props) {
  const texts = useTexts();
  const { language } = useLanguage();
  const [isOpen, setIsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      const isEscape = event instanceof KeyboardEvent && event.key === "Escape";
      if (isEscape) box.current?.querySelector("button")?.focus();
      if (isEscape || (!(event instanceof KeyboardEvent) && !box.current?.contains(event.target as Node))) setIsOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, [isOpen]);
  const toggle = () => {
    setIsOpen(!isOpen);
    if (!isOpen && all.unseenCount > 0) all.markSeen().catch(() => {}); // still unseen, which the bell goes on showing
  };
  const follow = (one: NotificationFields) => {
    setIsOpen(false);
    if (!one.readAt) all.markRead([one.id]).catch(() => {}); // still unread, which the list goes on showing
    if (one.message) open(one.message.channelId);
  };
  return (
    <div className="bell" ref={box}>
      <button aria-expanded={isOpen} aria-haspopup="true" onClick={toggle}>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M10 2a5 5 0 0 0-5 5v3.5L3.5 14h13L15 10.5V7a5 5 0 0 0-5-5zM8 15.5a2 2 0 0 0 4 0" /></svg>
        <span className="visually-hidden">{texts.notifications}</span>
        {all.unreadCount > 0 && <span className="badge mention">{all.unreadCount}</span>}
      </button>
      {isOpen && (
        <div className="popover" role="dialog" aria-label={texts.notifications}>
          <div className="row">
            {all.unreadCount > 0 && <button onClick={() => void all.markAllRead().catch(() => {})}>{texts.markAllRead}</button>}
            {all.permission === "default" && <button onClick={() => void all.requestPermission()}>{texts.allowBrowser}</button>}
          </div>
          {all.permission === "denied" && <p className="hint">{texts.browserDenies}</p>}
          {all.notifications.length === 0 && <p className="empty">{texts.noNotifications}</p>}
          <ul>
            {all.notifications.map((one) => (
              <li key={one.id} className={one.readAt ? "" : "unread"}>
                <button onClick={() => follow(one)}>
                  <strong>{one.title}</strong>
                  <time dateTime={one.createdAt}>{new Date(one.createdAt).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })}</time>
                  <span>{one.content}</span>
                </button>
              </li>
            ))}
          </ul>
          {all.hasOlder && <button className="quiet" disabled={all.isLoadingOlder} onClick={all.loadOlder}>{texts.older}</button>}
        </div>
      )}
    </div>
  );
}
