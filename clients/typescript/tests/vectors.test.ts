// The vectors that every client library of Pollux passes (clients/VECTORS.md).
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { SyncPageFields } from "../src/generated/operations.js";
import type { TransportName } from "../src/measurements.js";
import { backoffMs, classify } from "../src/protocol/failure.js";
import { type Input, type MachineEvent, SyncMachine } from "../src/protocol/machine.js";
import { News, type Position } from "../src/protocol/news.js";
import { type SendInput, SendMachine } from "../src/protocol/send.js";

type Json = Record<string, unknown>;
interface Step {
  readonly at: number;
  readonly in: Json & { readonly type: string };
  readonly actions?: Json[];
  readonly events?: Json[];
  readonly wakeAt?: number | null;
}
interface Scenario {
  readonly name: string;
  readonly transport: TransportName;
  readonly random: number[];
  readonly position: Position | null;
  readonly channelIds?: string[] | null;
  readonly tokenRenewable?: boolean;
  readonly steps: Step[];
  readonly then?: Position;
}
interface Vectors {
  readonly defaults: Record<"page" | "delta" | "channel" | "message" | "notification", Json>;
  readonly backoff: { failures: number; random: number; intervalMs: number; retryAfterMs: number | null; waitMs: number }[];
  readonly classify: { given: { status?: number; code?: string; closeCode?: number }; kind: string }[];
  readonly sync: Scenario[];
  readonly send: Omit<Scenario, "transport" | "position">[];
}

const file = process.env["POLLUX_VECTORS"] ?? new URL("../../vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const { defaults } = vectors;

test.each(vectors.backoff)("backoff %o", ({ failures, random, intervalMs, retryAfterMs, waitMs }) => {
  expect(backoffMs(failures, random, intervalMs, retryAfterMs)).toBe(waitMs);
});

test.each(vectors.classify)("classify %o", ({ given, kind }) => {
  expect(classify(given)).toBe(kind);
});

function drawn(numbers: number[]): () => number {
  const left = [...numbers];
  return () => {
    expect(left, "more random numbers were drawn than the vector has").not.toEqual([]);
    return left.shift()!;
  };
}

function filledPage(page: Json): SyncPageFields {
  const channels = ((page["channels"] ?? []) as Json[]).map((delta) => {
    const given = typeof delta["channel"] === "string" ? { id: delta["channel"] } : (delta["channel"] as Json);
    const channel = { ...defaults.channel, ...given };
    const messages = ((delta["messages"] ?? []) as Json[]).map((one) => ({
      ...defaults.message,
      channelId: given["id"],
      id: `m-${given["id"]}-${one["seq"]}`,
      cursor: `${given["id"]}:${one["seq"]}`,
      ...one,
    }));
    return { ...defaults.delta, ...delta, channel, messages };
  });
  const notifications = ((page["notifications"] ?? []) as Json[]).map((one) => ({ ...defaults.notification, ...one }));
  return { ...defaults.page, ...page, channels, notifications } as unknown as SyncPageFields;
}

const INPUTS = ["start", "tick", "page", "notModified", "opened", "failed", "offline", "online", "hidden", "visible", "scope", "close"];

function inputOf(given: Step["in"]): Input {
  expect(INPUTS).toContain(given.type);
  return (given.type === "page" ? { ...given, page: filledPage(given["page"] as Json) } : given) as Input;
}

/** An event in the words of the vectors. */
function plain(event: MachineEvent): Json {
  if ("message" in event) {
    const { message, ...rest } = event;
    return { ...rest, seq: message.seq, version: message.version };
  }
  if ("notification" in event) {
    const { notification, ...rest } = event;
    return { ...rest, id: notification.id };
  }
  if (event.type === "inbox") return { type: "inbox", unseenCount: event.inbox.unseenCount, unreadCount: event.inbox.unreadCount };
  if (event.type === "channel") return { type: "channel", channelId: event.channelId };
  return { ...event };
}

describe("sync", () => {
  test.each(vectors.sync)("$name", (scenario) => {
    const news = new News(scenario.position ?? { token: null, heads: {} });
    const machine = new SyncMachine({ ...scenario, news, random: drawn(scenario.random) });
    for (const step of scenario.steps) {
      const { actions, events } = machine.take(step.at, inputOf(step.in));
      const got = { at: step.at, actions, events: events.map(plain), wakeAt: machine.wakeAt };
      expect(got).toEqual({ at: step.at, actions: step.actions ?? [], events: step.events ?? [], wakeAt: step.wakeAt ?? null });
    }
    if (scenario.then) expect(news.position).toEqual({ whole: true, ...scenario.then });
  });
});

describe("send", () => {
  test.each(vectors.send)("$name", (scenario) => {
    const machine = new SendMachine(drawn(scenario.random), scenario.tokenRenewable ?? true);
    for (const step of scenario.steps) {
      expect(["start", "tick", "acknowledged", "failed", "online"]).toContain(step.in.type);
      const action = machine.take(step.at, step.in as unknown as SendInput);
      const got = { at: step.at, actions: action ? [action] : [], wakeAt: machine.wakeAt };
      expect(got).toEqual({ at: step.at, actions: step.actions ?? [], wakeAt: step.wakeAt ?? null });
    }
  });
});
