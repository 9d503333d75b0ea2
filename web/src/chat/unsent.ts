// Messages that are not sent yet outlive a reload of the tab.
// Rule: they are kept for the viewer who wrote them, and sent with the clientMessageId they had, so that none is sent twice.
import type { ChatClient, Pending } from "@pollux/client/chat";

type Kept = Pick<Pending, "channelId" | "clientMessageId" | "content" | "replyToId" | "mentionIds">;

const key = (viewerId: string): string => `pollux-unsent-${viewerId}`;

/** Send what the viewer had not sent before the page was loaded, as soon as they are known, and keep what they write from then on. */
export function keepUnsent(client: ChatClient): void {
  let last: string | null = null;
  const restored = new Set<string>(); // their channels may be known later than the viewer
  client.observe(() => {
    const { viewer } = client;
    if (!viewer) return;
    if (last === null) {
      last = sessionStorage.getItem(key(viewer.id)) ?? "[]";
      const unsent = JSON.parse(last) as Kept[];
      for (const { channelId } of unsent) restored.add(channelId);
      for (const { channelId, content, ...rest } of unsent) {
        client.send(channelId, content, rest).catch(() => {}); // it is shown with the message
      }
    }
    const channelIds = new Set([...restored, ...client.store.channels.keys()]);
    const unsent = JSON.stringify([...channelIds].flatMap((channelId) => client.pending(channelId).filter(isUnsent).map(kept)));
    if (unsent !== last) sessionStorage.setItem(key(viewer.id), (last = unsent));
  });
}

const isUnsent = ({ status }: Pending): boolean => status !== "sent";

const kept = ({ channelId, clientMessageId, content, replyToId, mentionIds }: Pending): Kept => ({
  channelId, clientMessageId, content, replyToId, mentionIds,
});
