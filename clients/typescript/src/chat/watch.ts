// The channels on the screen: asking for them by name is being seen there, and tells who else is.
import { type PollingIntervalFields, PRESENCE, type PresenceFields, SYNC_AND_PRESENCE } from "../generated/operations.js";
import type { Environment } from "../environment.js";
import type { Http } from "../http.js";
import type { Ask } from "../session.js";

/** Before the server has said how long to wait. */
const FIRST_INTERVAL_MS = 5000;

export class Watch {
  ids: readonly string[] = [];
  /** What was seen last, by channel. */
  presence: ReadonlyMap<string, PresenceFields> = new Map();
  readonly #counts = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    readonly http: Http,
    readonly environment: Environment,
    /** Whether the transport leaves asking to this; whether there is a network and somebody who looks. */
    readonly situation: { readonly isAlone: () => boolean; readonly isSeen: () => boolean },
    readonly onChange: () => void,
  ) {}

  /** Watch a channel until the function that is returned is called. */
  add(channelId: string): () => void {
    this.#stopListening ??= this.environment.onChange(() => this.look());
    if (this.#count(channelId, 1) === 1) this.look(true);
    let isOver = false;
    return () => {
      if (!isOver) this.#count(channelId, -1);
      isOver = true;
    };
  }

  /** Ask who is there now, where the transport does not ask or where it cannot wait; go on asking where it does not. */
  look(atOnce = false): void {
    clearTimeout(this.#timer);
    const { isAlone, isSeen } = this.situation;
    if (this.ids.length === 0 || !isSeen()) return;
    if (atOnce || isAlone()) {
      this.http.request(PRESENCE, { ids: this.ids }).then(
        ({ nodes }) => this.seen(nodes),
        () => {}, // who is there is not worth an error: the transport will say what is wrong
      );
    }
    if (isAlone()) this.#timer = setTimeout(() => this.look(), this.#interval()?.milliseconds ?? FIRST_INTERVAL_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopListening?.();
    this.#counts.clear();
    this.ids = [];
  }

  /** Ask for a page, and who is there, in one request. The page asks for the shortest interval of all. */
  readonly ask: Ask = async (variables, options) => {
    const { sync, nodes } = await this.http.request(SYNC_AND_PRESENCE, { ...variables, watched: variables.waitMs ? [] : this.ids }, options);
    this.seen(nodes);
    const page = sync!; // it is null only beside an error
    const own = this.#interval();
    return own && own.milliseconds <= page.pollingInterval.milliseconds ? { ...page, pollingInterval: own } : page;
  };

  /** The shortest interval of the channels that are watched. */
  #interval(): PollingIntervalFields | undefined {
    const intervals = this.ids.flatMap((id) => this.presence.get(id)?.pollingInterval ?? []);
    return intervals.sort((a, b) => a.milliseconds - b.milliseconds)[0];
  }

  /** Take in what an answer says of channels. */
  seen(nodes: readonly (Partial<PresenceFields> | null)[]): void {
    const found = nodes.filter((one): one is PresenceFields => one?.pollingInterval !== undefined);
    const isNew = found.some((one) => JSON.stringify(this.presence.get(one.id)) !== JSON.stringify(one));
    if (!isNew) return;
    this.presence = new Map([...this.presence, ...found.map((one) => [one.id, one] as const)]);
    this.onChange();
  }

  #count(channelId: string, by: number): number {
    const count = (this.#counts.get(channelId) ?? 0) + by;
    if (count > 0) this.#counts.set(channelId, count);
    else this.#counts.delete(channelId);
    this.ids = [...this.#counts.keys()];
    return count;
  }
}
