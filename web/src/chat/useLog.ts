// Where a log is scrolled to: it stays at its end while one is there, and in its place while older messages come in above.
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR_PX = 80;

interface Log {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
}

export function useLog({ count, first, hasOlder, loadOlder }: { count: number; first: number | undefined; hasOlder: boolean; loadOlder: () => void }): Log {
  const ref = useRef<HTMLDivElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const before = useRef({ height: 0, first });
  const toEnd = () => {
    const log = ref.current;
    if (log) log.scrollTop = log.scrollHeight;
    setIsAtEnd(true);
  };
  useLayoutEffect(() => {
    const log = ref.current;
    if (!log) return;
    const cameAbove = first !== undefined && before.current.first !== undefined && first < before.current.first;
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    else if (cameAbove) log.scrollTop += log.scrollHeight - before.current.height;
    before.current = { height: log.scrollHeight, first };
  }, [count, first, isAtEnd]);
  useEffect(() => {
    const log = ref.current;
    if (!log) return;
    const watch = new ResizeObserver(() => {
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    });
    watch.observe(log);
    return () => watch.disconnect();
  }, [isAtEnd]);
  const onScroll = () => {
    const log = ref.current;
    if (!log) return;
    setIsAtEnd(log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX);
    if (hasOlder && log.scrollTop < NEAR_PX) loadOlder();
  };
  return { ref, onScroll, isAtEnd, toEnd };
}
