// The way back to the chat of the admin bot, for what the page cannot do.

import { button } from "./admin_dom.js";
import { isInside, post } from "./admin_telegram.js";

/** Inside Telegram a button that closes the page over the chat; nothing in a browser, which does not know the chat. */
export const toChat = (app) => (isInside ? [button(app.t("to_chat"), () => post("web_app_close"))] : []);
