// Notifications of the browser itself, each shown once on this machine, whichever of the site's tabs are open.
// Rule: who writes an id into the site's database shows it. Transactions of all tabs come one after the other there;
// a lock over localStorage would not do, since a tab may read there what another has already overwritten.
import type { NotificationFields } from "../generated/operations.js";

const NAME = "pollux-shown-notifications";
/** Ids that are remembered; older notifications do not come again as new ones. */
const REMEMBERED = 500;

/**
 * Show a notification if the user allowed it, has not seen it, and no tab has shown it; `onClick` is called when it is
 * clicked. Browsers of phones show it by the page's service worker, if it has one, which is then told of the click.
 */
export async function showOnce(notification: NotificationFields, onClick?: (notification: NotificationFields) => void): Promise<void> {
  const { id, title, content, seenAt, readAt, archivedAt } = notification;
  if (globalThis.Notification?.permission !== "granted" || seenAt || readAt || archivedAt) return;
  // Without storage the tag still keeps two of them from standing beside one another.
  if (!(await claim(id).catch(() => true))) return;
  const options = { body: content, tag: id };
  let shown: Notification;
  try {
    shown = new Notification(title, options);
  } catch {
    await (await navigator.serviceWorker?.getRegistration())?.showNotification(title, options);
    return;
  }
  shown.onclick = () => {
    window.focus();
    shown.close();
    onClick?.(notification);
  };
}

/** Whether this is the first to ask for an id; from then on nobody is. Rejects where nothing can be kept. */
function claim(id: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onerror = () => reject(opening.error!);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(NAME, { autoIncrement: true }).createIndex("id", "id", { unique: true });
    };
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(NAME, "readwrite");
      const store = transaction.objectStore(NAME);
      const known = store.index("id").getKey(id);
      known.onsuccess = () => {
        if (known.result !== undefined) return;
        const adding = store.add({ id });
        adding.onsuccess = () => store.delete(IDBKeyRange.upperBound((adding.result as number) - REMEMBERED));
      };
      transaction.oncomplete = () => resolve(known.result === undefined);
      transaction.onabort = () => reject(transaction.error!);
      database.close(); // when the transaction has ended
    };
  });
}
