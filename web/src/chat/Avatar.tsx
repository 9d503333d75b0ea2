// The first letter of somebody's name on a colour of their own: nothing is fetched from elsewhere for it.
import type { UserFields } from "@pollux/client/chat";

/** White is read easily on each of them. */
const COLOURS = ["#3554a5", "#b0306a", "#2b7a4b", "#b5431c", "#7448c4", "#0b6f8a", "#8a5800", "#5a6275"];

/** The same colour for the same person, everywhere: FNV-1a of the id. */
function colourOf(id: string): string {
  let hash = 0x811c9dc5;
  for (const letter of id) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
  return COLOURS[(hash >>> 0) % COLOURS.length]!;
}

export function Avatar({ user }: { user: Pick<UserFields, "id" | "name"> }) {
  return (
    <span className="avatar" style={{ background: colourOf(user.id) }} aria-hidden="true">
      {[...user.name.trim()][0]?.toUpperCase() ?? "?"}
    </span>
  );
}
