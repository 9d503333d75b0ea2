// The viewer's notifications: a list, a badge, putting them away, and the browser's own.
import { useMutation } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { showOnce } from "../chat/browser-notifications.js";
import {
  ARCHIVE_NOTIFICATION, MARK_ALL_NOTIFICATIONS_READ, MARK_NOTIFICATIONS_READ, MARK_NOTIFICATIONS_SEEN, type NotificationFields,
} from "../generated/operations.js";
import { useClient, useObserved } from "./PolluxProvider.js";

/** As many as the server marks at once. */
const AT_ONCE = 100;
/** What is there when the client begins and is not older may have come while the page was loading again. */
const YOUNG_MS = 30_000;

export interface NotificationOptions {
  /** Show new ones as notifications of the browser, each once, if the user allows it; true if absent. */
  readonly inBrowser?: boolean;
  /** One of the browser's was clicked. */
  readonly onClick?: (notification: NotificationFields) => void;
}

export interface Notifications {
  /** Newest first, without archived ones. */
  readonly notifications: readonly NotificationFields[];
  readonly unread: readonly NotificationFields[];
  readonly unreadCount: number;
  readonly unseenCount: number;
  /** Whether there are unread ones that are not loaded. */
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  readonly loadOlder: () => void;
  readonly markSeen: () => Promise<void>;
  readonly markRead: (ids: readonly string[]) => Promise<void>;
  readonly markAllRead: () => Promise<void>;
  readonly archive: (id: string) => Promise<void>;
  /** Of the browser's notifications; `unsupported` where there are none. */
  readonly permission: NotificationPermission | "unsupported";
  /** Ask the user; browsers want this to follow a click. */
  readonly requestPermission: () => Promise<void>;
}

const permissionNow = (): Notifications["permission"] => globalThis.Notification?.permission ?? "unsupported";

export function useNotifications({ inBrowser = true, onClick }: NotificationOptions = {}): Notifications {
  const client = useClient();
  const all = useObserved(({ store }) => store.notifications);
  const inbox = useObserved(({ store }) => store.inbox);
  const [permission, setPermission] = useState(permissionNow);
  const clicked = useRef(onClick);
  useEffect(() => {
    clicked.current = onClick;
  }, [onClick]);
  useEffect(() => {
    if (!inBrowser) return;
    return client.subscribe(null, (event) => {
      if (event.type !== "notificationCreated") return;
      const isNew = !event.fresh || Date.now() - Date.parse(event.notification.createdAt) < YOUNG_MS;
      if (isNew) void showOnce(event.notification, (one) => clicked.current?.(one));
    });
  }, [client, inBrowser]);
  const older = useMutation({ mutationFn: () => client.loadOlderNotifications() });
  const notifications = useMemo(() => all.filter((one) => !one.archivedAt), [all]);
  const unread = useMemo(() => notifications.filter((one) => !one.readAt), [notifications]);
  const unreadCount = inbox?.unreadCount ?? 0;
  const actions = useMemo(
    () => ({
      markSeen: async () => void (await client.mutate(MARK_NOTIFICATIONS_SEEN, {})),
      markRead: async (ids: readonly string[]) => {
        for (let at = 0; at < ids.length; at += AT_ONCE) await client.mutate(MARK_NOTIFICATIONS_READ, { ids: ids.slice(at, at + AT_ONCE) });
      },
      markAllRead: async () => void (await client.mutate(MARK_ALL_NOTIFICATIONS_READ, {})),
      archive: async (id: string) => void (await client.mutate(ARCHIVE_NOTIFICATION, { id })),
    }),
    [client],
  );
  return {
    notifications,
    unread,
    unreadCount,
    unseenCount: inbox?.unseenCount ?? 0,
    hasOlder: unreadCount > unread.length,
    isLoadingOlder: older.isPending,
    loadOlder: () => {
      if (!older.isPending) older.mutate();
    },
    ...actions,
    permission,
    requestPermission: async () => {
      if (globalThis.Notification) setPermission(await Notification.requestPermission());
    },
  };
}
