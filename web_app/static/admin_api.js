// Requests to the server. The session is a cookie no script can read. A browser that keeps none (Telegram's web client
// shows this page in a frame) gets a token in memory instead.

const ROOT = document.body.dataset.api;
const TIMEOUT_MS = 15_000;

let token = null;

/** The server refused; `status` and `code` say why, `message` is for people. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body.error ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
    this.retryAfter = Number(retryAfter) || 0;
  }
}

/** The server did not answer, or answered that its database is away. */
export class Away extends Error {}

export function useToken(text) {
  token = text;
}

export const hasToken = () => token !== null;

/** The answer to a request; throws Refused or Away. */
async function request(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method, headers, body: body && JSON.stringify(body), redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Away("The server does not answer.");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if ([502, 503, 504].includes(answer.status)) throw new Away(said.error ?? "The server does not answer.");
  throw new Refused(answer.status, said, answer.headers.get("Retry-After"));
}

/** The JSON of the answer, null when it has none. */
async function ask(method, path, body) {
  const answer = await request(method, path, body);
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    throw new Away("The server broke off.");
  }
}

export const status = () => ask("GET", "/scheduler/status");
export const statistics = (days) => ask("GET", `/scheduler/statistics?days=${days}`);
export const run = (task) => ask("POST", "/scheduler/trigger", { task });
export const pause = (task) => ask("POST", "/scheduler/pause", { task });
export const resume = (task) => ask("POST", "/scheduler/resume", { task });
export const signIn = (proof) => ask("POST", "/session", proof);
export const signOut = () => ask("DELETE", "/session");

/** A chart as a data: address, for an <img> sends no token. */
export async function picture(kind, theme, days) {
  const answer = await request("GET", `/pictures/${kind}.png?theme=${theme}&days=${days}`);
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Away("The picture broke off."));
  });
  reader.readAsDataURL(await answer.blob().catch(() => { throw new Away("The picture broke off."); }));
  return read;
}
