// Inside Telegram: its theme, its language, its downloads. In a browser there is none of it.

const FRAME = "https://web.telegram.org";
const opened = new URLSearchParams(location.hash.slice(1));
const proxy = globalThis.TelegramWebviewProxy;
const isFramed = globalThis.parent !== globalThis && opened.has("tgWebAppPlatform");

/** What Telegram handed over about who opened the page; null in a browser. */
export const initData = opened.get("tgWebAppData");
export const isInside = Boolean(proxy) || isFramed;

/** The language of the person's app, else of the browser. */
export function language() {
  try {
    const user = JSON.parse(new URLSearchParams(initData ?? "").get("user") ?? "{}");
    return user.language_code ?? navigator.language;
  } catch {
    return navigator.language;
  }
}

export function post(event, data = {}) {
  if (proxy) proxy.postEvent(event, JSON.stringify(data));
  else if (isFramed) globalThis.parent.postMessage(JSON.stringify({ eventType: event, eventData: data }), FRAME);
}

/** Has Telegram fetch a file, which its own views cannot save; false in a browser. */
export function download(url, name) {
  if (isInside) post("web_app_request_file_download", { url, file_name: name });
  return isInside;
}

/** Dark where Telegram's background is dark; without Telegram the browser's preference counts. */
function wear(params) {
  const [red, green, blue] = (/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(params?.bg_color ?? "") ?? []).slice(1)
    .map((digits) => Number.parseInt(digits, 16));
  if (red === undefined) return;
  document.documentElement.dataset.theme = 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function receive(event, data) {
  if (event === "theme_changed") wear(data?.theme_params);
}

// the apps call this function; the web client sends messages
globalThis.Telegram = { WebView: { receiveEvent: receive } };
addEventListener("message", (event) => {
  if (!isFramed || event.source !== globalThis.parent || event.origin !== FRAME) return;
  const said = read(event.data);
  if (said) receive(said.eventType, said.eventData);
});
wear(read(opened.get("tgWebAppThemeParams")));
for (const event of ["web_app_ready", "web_app_expand"]) post(event);
