// Messages of a channel that hold the words the viewer looks for, newest first.
import { SEARCH_MESSAGES } from "@pollux/client/chat";
import { useClient } from "@pollux/client/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLanguage, useTexts } from "./texts";

const TYPING_MS = 250;

/** A text as it was when nobody had typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export function Found({ channelId, text }: { channelId: string; text: string }) {
  const texts = useTexts();
  const { language } = useLanguage();
  const client = useClient();
  const settled = useSettled(text);
  const found = useInfiniteQuery({
    queryKey: ["found", channelId, settled],
    queryFn: async ({ pageParam, signal }) =>
      (await client.request(SEARCH_MESSAGES, { text: settled, channelId, first: 20, after: pageParam }, { signal })).searchMessages,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last?.pageInfo.hasNextPage ? last.pageInfo.endCursor : undefined),
    gcTime: 0,
  });
  const messages = found.data?.pages.flatMap((page) => page?.nodes ?? []) ?? [];
  return (
    <div className="found">
      {found.isSuccess && messages.length === 0 && <p className="empty">{texts.noMessageFound}</p>}
      {found.error && <p role="alert" className="empty bad">{found.error.message}</p>}
      <ul aria-label={texts.foundMessages}>
        {messages.map((one) => (
          <li key={one.id}>
            <strong>{one.author.name}</strong> <time dateTime={one.createdAt}>{new Date(one.createdAt).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })}</time>
            <p className="content">{one.content}</p>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <button className="quiet older" onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>{texts.older}</button>}
    </div>
  );
}
