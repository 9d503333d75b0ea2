// What the connection does right now: the interval and its reason, what was asked and received, and how long it took.
import type { Sample } from "@pollux/client/chat";
import { useMeasurements } from "@pollux/client/react";
import { useTexts } from "./texts";

const WIDTH = 200;
const HEIGHT = 36;

export function PollingPanel() {
  const texts = useTexts();
  const { transport, interval, requests, notModified, bytes, roundTrips, deliveries } = useMeasurements();
  const polls = transport === "polling";
  return (
    <section className="panel" role="status" aria-label={texts.polling} aria-live="off">
      <dl>
        <dt>{texts.interval}</dt>
        <dd>{polls ? (interval ? texts.seconds(interval.milliseconds) : "…") : texts.pushed}</dd>
        <dt>{texts.reason}</dt>
        <dd>{interval?.reason ?? "…"}</dd>
        <dt>{texts.requests}</dt>
        <dd>{requests} · {texts.unchanged} {notModified}</dd>
        <dt>{texts.received}</dt>
        <dd>{(bytes / 1024).toFixed(1)} KiB</dd>
      </dl>
      <Plot name={texts.roundTrip} samples={roundTrips} />
      <Plot name={texts.delivery} samples={deliveries} />
    </section>
  );
}

function Plot({ name, samples }: { name: string; samples: readonly Sample[] }) {
  const last = samples.at(-1);
  const most = Math.max(1, ...samples.map(({ ms }) => ms));
  const points = samples.map(({ ms }, index) => `${WIDTH - (samples.length - 1 - index) * (WIDTH / 60)},${HEIGHT - 2 - (ms / most) * (HEIGHT - 4)}`);
  return (
    <figure>
      <figcaption>{name} <b>{last ? `${last.ms.toFixed(0)} ms` : "–"}</b></figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true"><polyline points={points.slice(-60).join(" ")} /></svg>
    </figure>
  );
}
