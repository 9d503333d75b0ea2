// What is wrong with the connection, if anything is, and until when.
import { useMeasurements, useSync } from "@pollux/client/react";
import { useEffect, useState } from "react";
import { useTexts } from "./texts";

export function ConnectionBanner() {
  const texts = useTexts();
  const { state, retryAt, error, transport } = useMeasurements();
  const { setTransport } = useSync();
  const seconds = useSecondsUntil(state === "retrying" ? retryAt : null);
  if (state === "offline") return <p role="alert" className="banner">{texts.offline}</p>;
  if (state === "retrying") return <p role="status" className="banner">{texts.retrying(seconds)}</p>;
  if (state !== "stopped") return null;
  return (
    <p role="alert" className="banner bad">
      {texts.stopped} {error?.message} <button onClick={() => setTransport(transport)}>{texts.tryAgain}</button>
    </p>
  );
}

function useSecondsUntil(moment: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (moment === null) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [moment]);
  return moment === null ? 0 : Math.max(0, Math.ceil((moment - now) / 1000));
}
