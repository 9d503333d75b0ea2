// @vitest-environment happy-dom
// The hooks in a browser's DOM, over the same server.
import "fake-indexeddb/auto";
import { focusManager, onlineManager, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ChatClient, createChatClient, RequestError } from "../src/chat/index.js";
import {
  PolluxProvider, useChannelMessages, useDynamicPolling, useMeasurements, useNotifications, usePolling, usePresence,
  useResilientPolling, useSync,
} from "../src/react/index.js";
import { FakeServer, FakeSurroundings } from "./fake-server.js";

let server: FakeServer;
let around: FakeSurroundings;
let client: ChatClient;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
  server = new FakeServer();
  around = new FakeSurroundings();
  client = createChatClient({ url: "/graphql", token: "secret", environment: around });
});

afterEach(() => {
  cleanup();
  client.close();
  focusManager.setFocused(undefined);
  onlineManager.setOnline(true);
  globalThis.indexedDB = new IDBFactory();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));

function wrapper({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <StrictMode>
      <PolluxProvider client={client}>{children}</PolluxProvider>
    </StrictMode>
  );
}

function render<T>(hook: () => T): { readonly current: T } {
  return renderHook(hook, { wrapper }).result;
}

test("useChannelMessages: follows, sends at once, edits, and loads upwards", async () => {
  for (let i = 1; i <= 80; i += 1) server.send(`m${i}`);
  server.limited = true;
  const result = render(() => useChannelMessages("c1"));
  expect(result.current).toMatchObject({ isPending: true, messages: [], channel: null });
  await pass(0);
  expect(result.current).toMatchObject({ isPending: false, hasOlder: true, channel: { name: "general" } });
  expect(result.current.messages.map((one) => one.content)).toEqual(["m79", "m80"]);

  act(() => result.current.loadOlder());
  expect(result.current.isLoadingOlder).toBe(false); // it says so with the next render
  await pass(0);
  expect(result.current.messages).toHaveLength(52);
  act(() => result.current.loadOlder());
  await pass(0);
  expect(result.current.messages.map((one) => one.seq)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
  expect(result.current.hasOlder).toBe(false);

  act(() => void result.current.actions.send("mine"));
  expect(result.current.pending).toMatchObject([{ content: "mine", status: "sending" }]);
  await pass(5000);
  expect(result.current.pending).toEqual([]);
  expect(result.current.messages.at(-1)!.content).toBe("mine");
  await act(() => result.current.actions.edit("m81", "mine, better"));
  expect(result.current.messages.at(-1)!.content).toBe("mine, better");
});

test("useChannelMessages: loads the newest of a channel that no page brought", async () => {
  for (let i = 1; i <= 3; i += 1) server.send(`m${i}`);
  const result = render(() => useChannelMessages("c2"));
  await pass(0);
  expect(server.asked.find((one) => one.name === "Messages")!.variables).toMatchObject({ channelId: "c2", before: null });
  expect(result.current).toMatchObject({ isPending: false, error: null });
});

test("useChannelMessages: an error of loading is said", async () => {
  server.failures["Messages"] = Array.from({ length: 4 }, () => new TypeError("fetch failed"));
  const result = render(() => useChannelMessages("c2"));
  await pass(60_000);
  expect(result.current.error).toBeInstanceOf(RequestError);
  expect(result.current.isPending).toBe(false);
});

test("useSync: channels, the viewer and the transport", async () => {
  server.send("hello");
  const result = render(() => useSync());
  expect(result.current).toMatchObject({ isReady: false, channels: [], state: "starting" });
  await pass(0);
  expect(result.current).toMatchObject({ isReady: true, state: "online", transport: "polling", viewer: { name: "Alice" } });
  expect(result.current.channels.map((one) => one.id)).toEqual(["c1"]);
  act(() => result.current.setTransport("long-polling"));
  await pass(0);
  expect(result.current).toMatchObject({ transport: "long-polling", state: "online" });
  expect(result.current.channels[0]!.messages).toHaveLength(1);
});

test("usePolling: every 2 s, not in the background, and at once when looked at again", async () => {
  const fetcher = vi.fn(() => Promise.resolve(fetcher.mock.calls.length));
  const result = render(() => usePolling(["numbers"], fetcher));
  await pass(0);
  const { length } = fetcher.mock.calls;
  await pass(4000);
  expect(fetcher).toHaveBeenCalledTimes(length + 2);
  act(() => focusManager.setFocused(false));
  await pass(60_000);
  expect(fetcher).toHaveBeenCalledTimes(length + 2);
  act(() => focusManager.setFocused(true));
  await pass(0);
  expect(fetcher).toHaveBeenCalledTimes(length + 3);
  expect(result.current.data).toBe(length + 3);
});

test("useDynamicPolling: at the pace that the server asks for", async () => {
  server.channelIntervalMs = 1000;
  const fetcher = vi.fn(() => Promise.resolve("data"));
  const result = render(() => useDynamicPolling("c1", { fetcher }));
  await pass(0);
  expect(result.current).toMatchObject({ interval: { milliseconds: 1000, reason: "BUSY" }, query: { data: "data" } });
  const { length } = fetcher.mock.calls;
  await pass(3000);
  expect(fetcher).toHaveBeenCalledTimes(length + 3);
});

test("useResilientPolling: three retries, then no quicker than the interval; offline it waits", async () => {
  const fetcher = vi.fn(() => Promise.reject<string>(new RequestError("away", "transient")));
  const result = render(() => {
    const polling = useResilientPolling(["away"], fetcher, { interval: 10_000 });
    return { ...polling, data: polling.query.data, isError: polling.query.isError };
  });
  await pass(0);
  fetcher.mockClear();
  await pass(500 + 1000 + 2000);
  expect(fetcher).toHaveBeenCalledTimes(3);
  await pass(1);
  expect(result.current).toMatchObject({ isError: true, failureCount: 4 });
  fetcher.mockClear();
  await pass(9000);
  expect(fetcher).toHaveBeenCalledTimes(0);
  fetcher.mockResolvedValue("back");
  act(() => onlineManager.setOnline(false));
  await pass(60_000);
  expect(result.current.isOnline).toBe(false);
  expect(fetcher).toHaveBeenCalledTimes(0);
  act(() => onlineManager.setOnline(true));
  await pass(10);
  expect(result.current).toMatchObject({ isOnline: true, failureCount: 0, data: "back" });
});

test("useResilientPolling: what would fail again is not retried", async () => {
  const fetcher = vi.fn(() => Promise.reject(new RequestError("no", "final", "NOT_FOUND")));
  render(() => useResilientPolling(["gone"], fetcher, { interval: 60_000 }));
  await pass(10_000);
  expect(fetcher).toHaveBeenCalledTimes(1);
});

test("usePresence: who is there, without the viewer among those typing, and typing at most every 3 s", async () => {
  const result = render(() => usePresence("c1"));
  await pass(0);
  expect(result.current).toMatchObject({ activeUsers: 2, typingUsers: [{ id: "bob" }] });
  for (let i = 0; i < 7; i += 1) {
    act(() => result.current.typing());
    await pass(1000);
  }
  expect(server.names.filter((one) => one === "TouchPresence")).toHaveLength(3);
});

class FakeNotification {
  static permission = "granted";
  static shown: FakeNotification[] = [];
  onclick: (() => void) | null = null;
  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    FakeNotification.shown.push(this);
  }
  close(): void {}
}

test("useNotifications: the list, the counts, and marking", async () => {
  server.notify("n1");
  server.notify("n2");
  const result = render(() => useNotifications());
  await pass(0);
  expect(result.current).toMatchObject({ unreadCount: 2, hasOlder: false });
  await act(() => result.current.markRead(["n1"]));
  expect(result.current.unread.map((one) => one.id)).toEqual(["n2"]);
  expect(result.current.unreadCount).toBe(1);
});

test("useNotifications: each new one is shown once by the browser, in one of the tabs, and never an old one that was there", async () => {
  vi.stubGlobal("Notification", FakeNotification);
  FakeNotification.shown = [];
  server.notify("old");
  await pass(60_000);
  server.notify("young"); // while the page was loading, perhaps again
  const onClick = vi.fn();
  render(() => useNotifications({ onClick }));
  render(() => useNotifications()); // another part of the page, or another tab
  await pass(10);
  server.notify("new");
  await pass(10_000);
  expect(FakeNotification.shown.map((one) => [one.title, one.options.tag])).toEqual([
    ["title of young", "young"],
    ["title of new", "new"],
  ]);
  FakeNotification.shown[0]!.onclick!();
  FakeNotification.permission = "denied";
  server.notify("unwanted");
  await pass(10_000);
  expect(FakeNotification.shown).toHaveLength(2);
});

test("useMeasurements: what a panel shows", async () => {
  const result = render(() => useMeasurements());
  await pass(10_000);
  expect(result.current).toMatchObject({ state: "online", interval: { milliseconds: 5000 }, notModified: 1 });
  expect(result.current.roundTrips.length).toBe(result.current.requests);
});

test("a QueryClient that is there is used; without a provider a hook says what is missing", async () => {
  const own = new QueryClient();
  const outer = ({ children }: { readonly children: ReactNode }): ReactNode => (
    <QueryClientProvider client={own}>
      <PolluxProvider client={client}>{children}</PolluxProvider>
    </QueryClientProvider>
  );
  renderHook(() => usePolling(["numbers"], () => Promise.resolve(1)), { wrapper: outer });
  await pass(0);
  expect(own.getQueryData(["numbers"])).toBe(1);
  vi.spyOn(console, "error").mockImplementation(() => {});
  expect(() => renderHook(() => useSync())).toThrow("<PolluxProvider>");
});
