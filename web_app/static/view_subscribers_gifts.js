// Gift links: what one gives, made once, copied or cancelled.

import { code } from "./view_subscribers_words.js";

const MOST = { credits: 10_000, days: 3650 };

export async function askGift(app) {
  const { t } = app;
  const given = await app.form({
    title: t("gift"), text: t("gift_text"), yes: t("gift_make"),
    fields: [
      { name: "amount", label: t("gift_amount"), value: "10", inputmode: "numeric" },
      { name: "what", label: t("gift_gives"), value: "credits", options: [["credits", t("gift_credits")], ["days", t("gift_days")]] },
      { name: "who", label: t("gift_for"), value: "one", options: [["one", t("gift_one")], ["anyone", t("gift_anyone")]] },
      { name: "hours", label: t("gift_holds"), value: "24", options: [["24", t("gift_day")], ["168", t("gift_week")]] },
    ],
    check: ({ amount, what }) =>
      (/^[0-9]{1,5}$/.test(amount) && +amount >= 1 && +amount <= MOST[what] ? {} : { amount: t("gift_expected") }),
  });
  if (!given) return;
  const terms = { [given.what]: Number(given.amount), is_for_one: given.who === "one", hours: Number(given.hours) };
  try {
    showGift(app, await app.api.post("/subscribers/gifts", { code: code(16), ...terms }));
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
}

function showGift(app, gift) {
  const { t, n, format } = app;
  const what = gift.credits ? n("credits_option", gift.credits) : n("pass_option", gift.days);
  const cancel = async (close) => {
    try {
      await app.api.delete(`/subscribers/gifts/${gift.code}`);
      close();
      app.say(t("gift_cancelled"));
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
  };
  const text = t("gift_made", { what, date: format.moment(gift.expires_at) });
  app.showLink({ title: t("gift"), text, link: gift.link, offer: t("gift_cancel"), press: cancel });
}
