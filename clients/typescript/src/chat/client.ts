// A chat client over a provider: holds what is known, shows what the viewer sends at once, and does what the viewer wants.
// Rule: what is shown changes by whole new objects, and observers are told once after each change.
import type { Document } from "../document.js";
import { RefusedError } from "../errors.js";
import {
  type ChannelFields, type InboxFields, type MessageFields, type NotificationFields, type PresenceFields, TOUCH_PRESENCE,
  type UserErrorFields, type UserFields, VIEWER,
} from "../generated/operations.js";
import type { Http, RequestOptions } from "../http.js";
import type { Measurements, TransportName } from "../measurements.js";
import { Older } from "./older.js";
import type { Output } from "../protocol/machine.js";
import { Outbox, type Pending } from "./outbox.js";
import { Store } from "./store.js";
import type { Listener, RealtimeProvider, SendOptions } from "../provider.js";
import { randomId, Realtime, type RealtimeOptions } from "../realtime.js";
import { renewing } from "./renewing.js";
import { Samples } from "./samples.js";
import { Watch } from "./watch.js";

export class ChatClient implements RealtimeProvider {
  readonly store = new Store();
  /** Null until the first page has come and the viewer was asked for. */
  viewer: UserFields | null = null;
  readonly samples = new Samples();
  readonly #realtime: Realtime;
  readonly #http: Http;
  readonly #outbox = new Outbox();
  readonly #older: Older;
  readonly #watch: Watch;

  constructor(options: RealtimeOptions) {
    this.#realtime = new Realtime(options, {
      ask: (variables, options) => this.#watch.ask(variables, options),
      cost: (cost) => this.samples.asked(cost),
      receive: (output) => this.#receive(output),
    });
    const { http, environment } = this.#realtime.parts;
    const changed = (): void => this.#realtime.changed();
    const isSeen = (): boolean => environment.isOnline() && (options.whenHidden === "poll" || !environment.isHidden());
    this.#http = http;
    this.#older = new Older(http, this.store, changed);
    this.#watch = new Watch(http, environment, { isAlone: () => this.measurements.transport !== "polling", isSeen }, changed);
  }

  /** What the client has measured of itself. */
  get measurements(): Measurements {
    return this.#realtime.measurements;
  }

  /** Who is in the channels that are watched, by channel. */
  get presence(): ReadonlyMap<string, PresenceFields> {
    return this.#watch.presence;
  }

  /** The viewer's messages of a channel that are still on their way, oldest first. */
  pending(channelId: string): readonly Pending[] {
    return this.#outbox.of(channelId);
  }

  /** Go on by another transport, from the same place, with all that is held. Also begins again after giving up. */
  readonly setTransport = (transport: TransportName): void => {
    this.#realtime.setTransport(transport);
    this.#watch.look();
  };

  /** Ask for what is new now, where the transport would wait. */
  refresh(): void {
    const { transport } = this.measurements;
    if (transport === "polling") this.setTransport(transport);
  }

  subscribe(channelId: string | null, listener: Listener): () => void {
    return this.#realtime.subscribe(channelId, listener);
  }

  unsubscribe(channelId: string | null, listener?: Listener): void {
    this.#realtime.unsubscribe(channelId, listener);
  }

  /** Be told after every change of anything that can be read here. Returns how to end it. */
  readonly observe = (observer: () => void): (() => void) => this.#realtime.observe(observer);

  /** Show the viewer as present in a channel, and keep its presence and its interval fresh, until the returned function is called. */
  watch(channelId: string): () => void {
    this.#realtime.start();
    return this.#watch.add(channelId);
  }

  send(channelId: string, content: string, options: SendOptions = {}): Promise<MessageFields> {
    const { clientMessageId = randomId(), replyToId = null, mentionIds = [] } = options;
    return this.#send({
      clientMessageId, channelId, content, replyToId, mentionIds,
      status: "sending", writtenAt: Date.now(), message: null, error: null,
    });
  }

  /** Send a message again that failed; it stays the same one. */
  retry(entry: Pending): Promise<MessageFields> {
    return this.#send({ ...entry, status: "sending", error: null });
  }

  /** Let go of a message that failed. */
  discard(entry: Pending): void {
    this.#outbox.discard(entry);
    this.#realtime.changed();
  }

  /** Load older messages of a channel, or its newest where none are held. */
  loadOlder(channelId: string, count = 50): Promise<void> {
    return this.#older.messages(channelId, count);
  }

  /** Load unread notifications that are older than those loaded so before. */
  loadOlderNotifications(count = 20): Promise<void> {
    return this.#older.notifications(count);
  }

  /** Ask for something of one's own. What it gives is not taken in. Throws RequestError. */
  request<Data, Variables>(document: Document<Data, Variables>, variables: Variables, options?: RequestOptions): Promise<Data> {
    return renewing(this.#http, document, variables, options);
  }

  /** Run a mutation of one field and return its payload; what it gives is taken in. Throws RefusedError, RequestError. */
  async mutate<P extends Payload, V>(document: Document<{ readonly [field: string]: P }, V>, variables: V): Promise<P> {
    const payload = Object.values(await renewing(this.#http, document, variables))[0]!;
    if (payload.userErrors.length > 0) throw new RefusedError(payload.userErrors);
    const { message, channel, notification, notifications, inbox } = payload as Partial<Taken>;
    if (message) {
      this.store.put(message);
      this.#outbox.update(message);
    }
    if (channel) this.store.putChannel(channel);
    if (channel && !this.store.channels.has(channel.id)) this.refresh();
    this.store.putNotifications(notifications ?? (notification ? [notification] : []));
    if (inbox) this.store.inbox = inbox;
    this.#realtime.changed();
    return payload;
  }

  /** Say that the viewer is typing, or only there. */
  async touch(channelId: string, typing = false): Promise<void> {
    this.#watch.seen([(await renewing(this.#http, TOUCH_PRESENCE, { channelId, typing })).touchPresence.channel]);
  }

  close(): void {
    this.#watch.stop();
    this.#realtime.close();
  }

  #send(entry: Pending): Promise<MessageFields> {
    const { channelId, content, replyToId, mentionIds, clientMessageId } = entry;
    this.#outbox.add(entry);
    this.#realtime.changed();
    const sending = this.#realtime.send(channelId, content, { replyToId, mentionIds, clientMessageId });
    const settle = (change: Partial<Pending>): void => {
      this.#outbox.change(entry, change);
      this.#realtime.changed();
    };
    // A failure is shown with the message, so it may be left unhandled.
    sending.then(
      (message) => {
        settle({ status: "sent", message });
        // A repeat of what an earlier page had sent came back before it was repeated.
        if (message.seq <= (this.store.channels.get(channelId)?.messages.at(-1)?.seq ?? 0)) this.discard(entry);
      },
      (error: Error) => settle({ status: "failed", error }),
    );
    return sending;
  }

  #receive({ events, deltas }: Output): void {
    this.store.apply(events, deltas);
    this.samples.came(events);
    for (const { channel, messages } of deltas) this.#outbox.arrived(channel.id, messages, this.viewer?.id ?? null);
    if (!this.viewer && events.some((event) => event.type === "online")) this.#meet();
  }

  /** Learn who the viewer is; where it fails, the next time the client gets online tries again. */
  #meet(): void {
    this.#http.request(VIEWER, {}).then(
      ({ viewer }) => {
        this.viewer = viewer;
        this.#realtime.changed();
      },
      () => {},
    );
  }
}

/** Make a chat client: `createChatClient({ url: "/graphql", token })`. */
export function createChatClient(options: RealtimeOptions): ChatClient {
  return new ChatClient(options);
}

/** A mutation's payload in the form that all of them have. */
export interface Payload {
  readonly userErrors: readonly UserErrorFields[];
}

/** What payloads hold that the client takes in. */
interface Taken {
  readonly message: MessageFields | null;
  readonly channel: ChannelFields | null;
  readonly notification: NotificationFields | null;
  readonly notifications: readonly NotificationFields[];
  readonly inbox: InboxFields | null;
}
