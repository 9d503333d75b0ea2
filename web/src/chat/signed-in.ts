// Who is signed in: by the token in the page, which a development server puts there for ?as=NAME, or one that was pasted.
// Rule: a token lives as long as the tab.
const KEY = "pollux-token";

const meta = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";

/** Whether this server signs anybody in by name. */
export const signsIn = meta("pollux-sign-in") === "yes";

export const token = (): string => meta("pollux-token") || (sessionStorage.getItem(KEY) ?? "");

export function signInWith(pasted: string): void {
  sessionStorage.setItem(KEY, pasted.trim().replace(/^Bearer\s+/i, ""));
  location.reload();
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  location.assign(location.pathname);
}
