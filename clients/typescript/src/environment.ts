// What a client needs to know of the world around it besides clocks and chance.
// Rule: it is looked at through this alone, so that tests make their own.

export interface Environment {
  isOnline(): boolean;
  /** Whether the page is hidden, as behind another tab. */
  isHidden(): boolean;
  /** Call when either may have changed; returns how to stop. */
  onChange(listener: () => void): () => void;
}

/** The browser's, or a process's that is always online and never hidden. */
export const surroundings: Environment = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  isHidden: () => globalThis.document?.hidden === true,
  onChange(listener) {
    const each = (call: "addEventListener" | "removeEventListener"): void => {
      for (const event of ["online", "offline", "visibilitychange"]) globalThis[call]?.(event, listener);
    };
    each("addEventListener");
    return () => each("removeEventListener");
  },
};
