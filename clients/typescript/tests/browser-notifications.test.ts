// Notifications of the browser: each at most once, whoever asks, and only where somebody wants to see it.
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type NotificationFields, showOnce } from "../src/chat/index.js";

const one: NotificationFields = {
  id: "n1", type: "mention", title: "Bob mentioned you", content: "Look!", link: null, createdAt: "2026-01-01T00:00:00.000Z",
  seenAt: null, readAt: null, archivedAt: null, actor: null, message: null,
};

class FakeNotification {
  static permission = "granted";
  static isForbidden = false;
  static shown: [title: string, options: NotificationOptions][] = [];
  constructor(title: string, options: NotificationOptions) {
    if (FakeNotification.isForbidden) throw new TypeError("Illegal constructor");
    FakeNotification.shown.push([title, options]);
  }
}

beforeEach(() => {
  Object.assign(FakeNotification, { permission: "granted", isForbidden: false, shown: [] });
  vi.stubGlobal("Notification", FakeNotification);
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
});

afterEach(() => vi.unstubAllGlobals());

test("of many who ask at once, one shows it; later nobody does", async () => {
  await Promise.all(Array.from({ length: 10 }, () => showOnce(one)));
  await showOnce(one);
  expect(FakeNotification.shown).toEqual([["Bob mentioned you", { body: "Look!", tag: "n1" }]]);
  await showOnce({ ...one, id: "n2" });
  expect(FakeNotification.shown).toHaveLength(2);
});

test("what was seen, read or put away is not shown, nor anything that the user does not allow", async () => {
  for (const state of ["seenAt", "readAt", "archivedAt"] as const) await showOnce({ ...one, [state]: one.createdAt });
  for (FakeNotification.permission of ["denied", "default"]) await showOnce(one);
  vi.stubGlobal("Notification", undefined);
  await showOnce(one);
  expect(FakeNotification.shown).toEqual([]);
  // Nobody has shown it yet: it is there for who may.
  vi.stubGlobal("Notification", FakeNotification);
  FakeNotification.permission = "granted";
  await showOnce(one);
  expect(FakeNotification.shown).toHaveLength(1);
});

test("the last 500 are remembered", async () => {
  for (let i = 0; i < 501; i += 1) await showOnce({ ...one, id: `n${i}` });
  FakeNotification.shown = [];
  await showOnce({ ...one, id: "n1" });
  expect(FakeNotification.shown).toEqual([]);
  await showOnce({ ...one, id: "n0" });
  expect(FakeNotification.shown).toHaveLength(1);
});

test("without storage it is shown all the same, and its tag replaces one that stands there", async () => {
  vi.stubGlobal("indexedDB", undefined);
  await showOnce(one);
  expect(FakeNotification.shown).toEqual([["Bob mentioned you", { body: "Look!", tag: "n1" }]]);
});

test("where pages may show none themselves, their service worker does, once; without one nothing breaks", async () => {
  FakeNotification.isForbidden = true;
  vi.stubGlobal("navigator", {});
  await showOnce({ ...one, id: "n0" });
  const showNotification = vi.fn();
  vi.stubGlobal("navigator", { serviceWorker: { getRegistration: () => Promise.resolve({ showNotification }) } });
  await showOnce(one);
  await showOnce(one);
  expect(showNotification.mock.calls).toEqual([["Bob mentioned you", { body: "Look!", tag: "n1" }]]);
});
