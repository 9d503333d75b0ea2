// The chat of this server, built on @pollux/client as anybody's would be.
import { createChatClient } from "@pollux/client/chat";
import { PolluxProvider } from "@pollux/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./chat.css";
import { App } from "./App";
import { SignIn } from "./SignIn";
import { token } from "./signed-in";
import { TextsProvider } from "./texts";
import { keepUnsent } from "./unsent";

function Page() {
  const held = token();
  if (!held) return <SignIn />;
  const client = createChatClient({ url: "/graphql", token: held });
  keepUnsent(client);
  return (
    <PolluxProvider client={client}>
      <App />
    </PolluxProvider>
  );
}

const page = Page();
createRoot(document.getElementById("chat")!).render(
  <StrictMode>
    <TextsProvider>{page}</TextsProvider>
  </StrictMode>,
);
