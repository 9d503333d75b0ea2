// Which transport is used; another one goes on from the same place.
import type { TransportName } from "@pollux/client";
import { useSync } from "@pollux/client/react";
import { useTexts } from "./texts";

export function TransportSwitch() {
  const texts = useTexts();
  const { transport, setTransport } = useSync();
  const names: Record<TransportName, string> = { polling: texts.polling, "long-polling": texts.longPolling, websocket: texts.websocket };
  return (
    <div role="radiogroup" aria-label={texts.transport} className="switch">
      {(Object.keys(names) as TransportName[]).map((name) => (
        <label key={name} className={name === transport ? "on" : ""}>
          <input type="radio" name="transport" checked={name === transport} onChange={() => setTransport(name)} />
          {names[name]}
        </label>
      ))}
    </div>
  );
}
