// The viewer's channels with what is unread in each, and finding or making others.
import type { ChannelView } from "@pollux/client/chat";
import { CREATE_CHANNEL, JOIN_CHANNEL, SEARCH_CHANNELS } from "@pollux/client/chat";
import { useClient } from "@pollux/client/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTexts } from "./texts";

interface Props {
  readonly channels: readonly ChannelView[];
  readonly current: string | null;
  readonly open: (channelId: string) => void;
  readonly isReady: boolean;
}

export function ChannelList({ channels, current, open, isReady }: Props) {
  const texts = useTexts();
  const [sought, setSought] = useState("");
  const text = sought.trim();
  const mine = channels.filter((one) => one.channel?.name?.toLowerCase().includes(text.toLowerCase()) ?? !text);
  return (
    <div className="channels">
      <input type="search" aria-label={texts.findChannel} placeholder={texts.findChannel} value={sought} maxLength={80}
        onChange={(event) => setSought(event.target.value)} />
      {isReady && channels.length === 0 && !text && <p className="empty">{texts.noChannels}</p>}
      {!isReady && <p className="empty">{texts.starting}</p>}
      <ul aria-label={texts.channels}>
        {mine.map(({ id, channel }) => (
          <li key={id}>
            <button className="channel" aria-current={id === current ? "page" : undefined} onClick={() => open(id)}>
              <span className="name"># {channel?.name ?? "…"}</span>
              {!!channel?.unreadCount && (
                <span className={channel.mentionCount ? "badge mention" : "badge"} aria-label={texts.unread(channel.unreadCount)}>
                  {channel.unreadCount > 99 ? "99+" : channel.unreadCount}
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      {text && <Others text={text} mine={channels} open={(id) => { setSought(""); open(id); }} />}
    </div>
  );
}

function Others({ text, mine, open }: { text: string; mine: readonly ChannelView[]; open: (channelId: string) => void }) {
  const texts = useTexts();
  const client = useClient();
  const [error, setError] = useState<string | null>(null);
  const found = useQuery({
    queryKey: ["channels", text],
    queryFn: async ({ signal }) => (await client.request(SEARCH_CHANNELS, { text, first: 20 }, { signal })).searchChannels?.nodes ?? [],
    staleTime: 5000,
  });
  const others = (found.data ?? []).filter((one) => !mine.some(({ id }) => id === one.id));
  const go = async (payload: Promise<{ readonly channel: { readonly id: string } | null }>) => {
    try {
      const { channel } = await payload;
      if (channel) open(channel.id);
    } catch (wrong) {
      setError((wrong as Error).message);
    }
  };
  const exists = [...others, ...mine.map(({ channel }) => channel)].some((one) => one?.name === text);
  return (
    <div className="others">
      {found.isSuccess && others.length === 0 && <p className="hint">{texts.nothingFound}</p>}
      {others.map((one) => (
        <div key={one.id} className="row">
          <span className="name"># {one.name} <small>{texts.members(one.memberCount)}</small></span>
          <button onClick={() => void go(client.mutate(JOIN_CHANNEL, { channelId: one.id }))}>{texts.join}</button>
        </div>
      ))}
      {!exists && found.isSuccess && (
        <button onClick={() => void go(client.mutate(CREATE_CHANNEL, { input: { name: text } }))}>{texts.createChannel(text)}</button>
      )}
      {error && <p role="alert" className="hint bad">{error}</p>}
    </div>
  );
}
