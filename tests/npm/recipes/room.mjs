// What every recipe's test needs: who asks, a log of what went over the wire, and somebody who writes meanwhile.
// Called as: node RECIPE.mjs URL TOKEN CHANNEL_ID; prints a JSON object that tests/api/test_recipes.py judges.
export const [, , url, token, channelId] = process.argv;
export const headers = { Authorization: `Bearer ${token}` };

/** Method and status of each request, oldest first. */
export const wire = [];

export async function logged(address, init) {
  const response = await fetch(address, init);
  wire.push(`${init?.method ?? "GET"} ${response.status}`);
  return response;
}

export async function write(content) {
  const query = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { message { seq } userErrors { message } } }";
  const body = JSON.stringify({ query, variables: { input: { channelId, content } } });
  const answer = await (await fetch(url, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body })).json();
  if (!answer.data?.sendMessage.message) throw new Error(JSON.stringify(answer));
}

/** Wait until something holds; a recipe that never gets there ends with an error. */
export async function until(holds) {
  for (let i = 0; i < 600; i += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it never came");
}

export function report(result) {
  console.log(JSON.stringify(result));
  process.exit(0);
}
