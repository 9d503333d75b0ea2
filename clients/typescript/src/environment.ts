// What a client needs of the world around it: clocks, chance, whether there is a network, whether anybody looks.
// Rule: the core touches the world through this alone, so that tests make their own.

export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** A string that nobody else makes. */
  uuid(): string;
  isOnline(): boolean;
  /** Whether the page is hidden, as behind another tab. */
  isHidden(): boolean;
  /** Call when either may have changed; returns how to stop. */
  onChange(listener: () => void): () => void;
  fetch: typeof fetch;
  WebSocket: typeof WebSocket | undefined;
}

/** The browser's, or a process's that is always online and never hidden. */
export function environment(): Environment {
  const { document, navigator } = globalThis as Partial<Pick<typeof globalThis, "document" | "navigator">>;
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    uuid,
    isOnline: () => navigator?.onLine !== false,
    isHidden: () => document?.visibilityState === "hidden",
    onChange(listener) {
      const events = ["online", "offline", "visibilitychange", "pageshow"] as const;
      const targets = events.map((event) => [event === "visibilitychange" ? document : globalThis, event] as const);
      for (const [target, event] of targets) target?.addEventListener?.(event, listener);
      return () => {
        for (const [target, event] of targets) target?.removeEventListener?.(event, listener);
      };
    },
    fetch: (...given) => globalThis.fetch(...given),
    WebSocket: globalThis.WebSocket,
  };
}

/** A random UUID, also on a page that came by plain HTTP, where `crypto.randomUUID` is missing. */
function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
