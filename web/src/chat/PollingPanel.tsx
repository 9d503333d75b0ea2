// What the connection does right now: the interval and its reason, what was asked and received, and how long it took.
import type { Sample } from "@pollux/client/chat";
import { useMeasurements } from "@pollux/client/react";
import { useTexts } from "./texts";

const WIDTH = 200;
const HEIGHT = 36;
/** So many samples fill the width. */
const SHOWN = 60;

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
        <dd>{requests}</dd>
        <dt>{texts.unchanged}</dt>
        <dd>{notModified}</dd>
        <dt>{texts.received}</dt>
        <dd>{(bytes / 1024).toFixed(1)} KiB</dd>
      </dl>
      <Plot name={texts.roundTrip} samples={roundTrips} />
      <Plot name={texts.delivery} samples={deliveries} />
    </section>
  );
}

function Plot({ name, samples }: { name: string; samples: readonly Sample[] }) {
  const shown = samples.slice(-SHOWN);
  const last = shown.at(-1);
  const most = Math.max(1, ...shown.map(({ ms }) => ms));
  const x = (index: number) => WIDTH - (shown.length - 1 - index) * (WIDTH / (SHOWN - 1));
  const points = shown.map(({ ms }, index) => `${x(index)},${HEIGHT - 1 - (ms / most) * (HEIGHT - 3)}`).join(" ");
  return (
    <figure>
      <figcaption>{name} <b>{last ? `${last.ms.toFixed(0)} ms` : "–"}</b></figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {last && <polygon points={`${x(0)},${HEIGHT} ${points} ${WIDTH},${HEIGHT}`} />}
        <polyline points={points} />
      </svg>
    </figure>
  );
}
