// The page: channels on the left, a room on the right, and what the connection does.
import { useNotifications, useSync } from "@pollux/client/react";
import { useEffect, useState } from "react";
import icon from "../favicon.svg";
import { Avatar } from "./Avatar";
import { ChannelList } from "./ChannelList";
import { ConnectionBanner } from "./ConnectionBanner";
import { NotificationBell } from "./NotificationBell";
import { PollingPanel } from "./PollingPanel";
import { Room } from "./Room";
import { SignIn } from "./SignIn";
import { signOut } from "./signed-in";
import { LANGUAGES, type Language, useLanguage, useTexts } from "./texts";
import { TransportSwitch } from "./TransportSwitch";

export const channelInAddress = (): string | null => new URLSearchParams(location.hash.slice(1)).get("channel");

export function App() {
  const texts = useTexts();
  const { language, choose } = useLanguage();
  const { channels, viewer, isReady, error, state } = useSync();
  const [chosen, setChosen] = useState(channelInAddress);
  useEffect(() => {
    const follow = () => setChosen(channelInAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const open = (channelId: string | null) => {
    location.hash = channelId ? `channel=${channelId}` : "";
  };
  const notifications = useNotifications({
    onClick: (one) => {
      focus();
      if (one.message) open(one.message.channelId);
    },
  });
  const current = channels.find((one) => one.id === chosen)?.id ?? (wide() ? (channels[0]?.id ?? null) : null);
  const unread = channels.reduce((sum, one) => sum + (one.channel?.unreadCount ?? 0), 0);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Pollux` : "Pollux";
  }, [unread]);
  if (state === "stopped" && isUnauthenticated(error)) return <SignIn expired />;
  return (
    <div className={current && chosen ? "app in-room" : "app"}>
      <header>
        <h1><img src={icon} alt="" width="24" height="24" /> Pollux</h1>
        <TransportSwitch />
        <div className="spring" />
        <NotificationBell notifications={notifications} open={open} />
        <select aria-label={texts.language} value={language} onChange={(event) => choose(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([key, name]) => (
            <option key={key} value={key}>{name}</option>
          ))}
        </select>
        {viewer && <p className="viewer"><Avatar user={viewer} /> <span>{viewer.name}</span></p>}
        <button className="quiet" onClick={signOut}>{texts.signOut}</button>
      </header>
      <ConnectionBanner />
      <nav>
        <ChannelList channels={channels} current={current} open={open} isReady={isReady} />
        <PollingPanel />
      </nav>
      <main>{current ? <Room key={current} channelId={current} close={() => open(null)} /> : <p className="empty">{texts.chooseChannel}</p>}</main>
    </div>
  );
}

const wide = () => matchMedia("(min-width: 45rem)").matches;
const isUnauthenticated = (error: Error | null): boolean => error !== null && "code" in error && error.code === "UNAUTHENTICATED";
