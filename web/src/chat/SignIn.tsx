// Signing in: by name where the server allows it, with a token everywhere.
import { type SyntheticEvent, useState } from "react";
import icon from "../favicon.svg";
import { signInWith, signsIn } from "./signed-in";
import { useTexts } from "./texts";

export function SignIn({ expired = false }: { expired?: boolean }) {
  const texts = useTexts();
  const [pasted, setPasted] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (pasted.trim()) signInWith(pasted);
  };
  return (
    <main className="sign-in">
      <h1><img src={icon} alt="" width="24" height="24" /> Pollux</h1>
      <p>{texts.about}</p>
      {expired && <p role="alert">{texts.expired}</p>}
      {signsIn && (
        <form method="get" action="/">
          <label htmlFor="as">{texts.signInAs}</label>
          <div className="row">
            <input id="as" name="as" required pattern="[a-z0-9][a-z0-9\-]{0,31}" defaultValue="alice" autoFocus />
            <button type="submit">{texts.signIn}</button>
          </div>
        </form>
      )}
      <form onSubmit={submit}>
        <label htmlFor="token">{texts.token}</label>
        <div className="row">
          <input id="token" value={pasted} onChange={(event) => setPasted(event.target.value)} autoComplete="off" spellCheck={false} />
          <button type="submit">{texts.signIn}</button>
        </div>
        <p className="hint">{texts.pasteToken}</p>
      </form>
    </main>
  );
}
