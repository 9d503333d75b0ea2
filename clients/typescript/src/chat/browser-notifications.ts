// Notifications of the browser itself, each shown once on this machine, whichever of the site's tabs are open.
import type { NotificationFields } from "../generated/operations.js";

const KEY = "pollux-shown-notifications";
/** Ids that are remembered; older notifications do not come again as new ones. */
const REMEMBERED = 500;

/** Show a notification if the user allowed it and no tab has shown it; `onClick` is called when it is clicked. */
export async function showOnce(notification: NotificationFields, onClick?: (notification: NotificationFields) => void): Promise<void> {
  if (globalThis.Notification?.permission !== "granted") return;
  const { id, title, content } = notification;
  const isFirst = navigator.locks ? await navigator.locks.request(KEY, () => claim(id)) : claim(id);
  if (!isFirst) return;
  const shown = new Notification(title, { body: content, tag: id });
  shown.onclick = () => {
    window.focus();
    shown.close();
    onClick?.(notification);
  };
}

/** Whether this is the first to ask for an id; from then on nobody is. */
function claim(id: string): boolean {
  try {
    const shown = JSON.parse(localStorage.getItem(KEY) ?? "[]") as string[];
    if (shown.includes(id)) return false;
    localStorage.setItem(KEY, JSON.stringify([...shown, id].slice(-REMEMBERED)));
  } catch {
    // No storage, or not ours: the tag still keeps two of them from standing beside one another.
  }
  return true;
}
