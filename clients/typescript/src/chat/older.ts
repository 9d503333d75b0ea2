// Loads what is older than what came by itself, a page at a time, into the store.
import { MESSAGES, UNREAD_NOTIFICATIONS } from "../generated/operations.js";
import type { Http } from "../http.js";
import { renewing } from "./renewing.js";
import type { Store } from "./store.js";

export class Older {
  readonly #loading = new Map<string, Promise<void>>();
  #notificationsAfter: string | null = null;

  constructor(
    readonly http: Http,
    readonly store: Store,
    readonly onChange: () => void,
  ) {}

  /** Load up to `count` messages of a channel, at most one request a channel at a time. */
  messages(channelId: string, count: number): Promise<void> {
    const under = this.#loading.get(channelId);
    if (under) return under;
    const loading = this.#messages(channelId, count).finally(() => {
      this.#loading.delete(channelId);
      this.onChange();
    });
    this.#loading.set(channelId, loading);
    return loading;
  }

  async #messages(channelId: string, last: number): Promise<void> {
    const generation = this.store.generation(channelId);
    const before = this.store.olderFrom(channelId);
    let found: Parameters<Store["putOlder"]>[1] = [];
    try {
      found = (await renewing(this.http, MESSAGES, { channelId, last, before })).messages?.nodes ?? [];
    } finally {
      this.store.putOlder(channelId, found, generation);
    }
  }

  /** Load up to `count` unread notifications that are older than those loaded so before. */
  async notifications(first: number): Promise<void> {
    const { unreadNotifications } = await renewing(this.http, UNREAD_NOTIFICATIONS, { first, after: this.#notificationsAfter });
    if (!unreadNotifications) return;
    this.#notificationsAfter = unreadNotifications.pageInfo.endCursor;
    this.store.putNotifications(unreadNotifications.nodes);
    this.onChange();
  }
}
