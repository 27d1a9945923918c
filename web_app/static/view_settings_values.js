// Values of settings: in words, and as they are typed.

import { duration } from "./admin_durations.js";

const ANNOUNCEMENT = "post_template";

/** The value in the member's words. */
export function inWords(setting, value, app) {
  const { t, format } = app;
  switch (setting.control) {
    case "switch": return t(value ? "on" : "off");
    case "choice": return t(`choice_${setting.name}_${value}`);
    case "number": return format.number(value);
    case "duration":
      if (!value) return t(`never_${setting.never ?? "never"}`);
      return duration(value * setting.unit_s, app, { inDays: setting.unit_s === 86_400 });
    case "text":
      if (value !== null) return "";
      if (setting.name === ANNOUNCEMENT) return t("own_announcement");
      return t(setting.name === "contact" ? "none" : "own_text");
    default: return value === null ? t("none") : String(value);
  }
}

/** The value as the server reads what is typed. */
export function asTyped(setting, value) {
  if (setting.control === "switch") return value ? "on" : "off";
  if (setting.control === "duration" && !value) return setting.never ?? "never";
  return value === null ? "-" : String(value);
}
