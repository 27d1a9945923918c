// Requests to the server. The session is a cookie no script can read. A browser that keeps none (Telegram's web client
// shows this page in a frame) gets a token in memory instead.

const ROOT = document.body.dataset.api;
const TIMEOUT_MS = 15_000;
// milliseconds before its end at which a token in memory is replaced
const RENEW_MS = 300_000;

let token = null;
let renewAt = Infinity;
let language = "en";
let texts = { t: (key) => key };

/** The server refused: `status` and `code` say why, `message` is a sentence for people, `fields` what is wrong where. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body.error ?? texts.t("answered", { status }));
    this.status = status;
    this.code = body.code ?? "";
    this.fields = body.fields ?? [];
    this.body = body;
    this.retryAfter = Number(retryAfter) || 0;
  }
}

/** The server did not answer, or answered that its database is away. */
export class Away extends Error {}

/** Sets the language of the server's sentences, and the texts of ours. */
export function speak(newLanguage, newTexts) {
  [language, texts] = [newLanguage, newTexts];
}

/** The answer to a request; throws Refused or Away. */
async function request(method, path, body) {
  const headers = { Accept: "application/json", "Accept-Language": language };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Away(texts.t("no_answer"));
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if ([502, 503, 504].includes(answer.status)) throw new Away(said.error ?? texts.t("no_answer"));
  throw new Refused(answer.status, said, answer.headers.get("Retry-After"));
}

/** The JSON of the answer, null when it has none. */
async function ask(method, path, body) {
  await renew();
  const answer = await request(method, path, body);
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    throw new Away(texts.t("broke_off"));
  }
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const put = (path, body = {}) => ask("PUT", path, body);
export const patch = (path, body = {}) => ask("PATCH", path, body);
export const remove = (path, body) => ask("DELETE", path, body);

/** A picture as a data: address, for an <img> sends no token. */
export async function picture(path) {
  await renew();
  const answer = await request("GET", path);
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Away(texts.t("broke_off")));
  });
  reader.readAsDataURL(await answer.blob().catch(() => { throw new Away(texts.t("broke_off")); }));
  return read;
}

/** A file of the server, whole in memory; throws like the others. */
export async function file(path) {
  await renew();
  const answer = await request("GET", path);
  return answer.blob().catch(() => { throw new Away(texts.t("broke_off")); });
}

/** Signs in with `proof`; the browser is to keep the cookie. Returns the session, for `keep` when it does not. */
export const signIn = (proof) => request("POST", "/session", proof).then((answer) => answer.json());

export function keep(session) {
  token = session.token;
  renewAt = performance.now() + Date.parse(session.expires_at) - Date.now() - RENEW_MS;
}

/** Replaces a token in memory before it expires; a cookie is replaced by the server. */
async function renew() {
  if (token !== null && performance.now() >= renewAt) {
    renewAt = Infinity; // one request at a time asks for the new one
    keep(await signIn({}));
  }
}

export function forget() {
  token = null;
  renewAt = Infinity;
}
