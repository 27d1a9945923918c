// The composer of the open chat: text, files, samples.

import { sendAlbum, sendMedia, sendText, uploadFile } from "./actions.js";
import { button, clear, el, icon, iconButton } from "./dom.js";
import { fileSize, plural } from "./format.js";
import { openLink } from "./links.js";
import { readMarkup } from "./markup.js";
import { complain, dialog, menu } from "./overlays.js";
import { SAMPLES } from "./samples.js";
import { adminBot, titleOf } from "./store.js";

const MAX_ALBUM = 10;
/** As in messages.css; a longer text scrolls. */
const MAX_HEIGHT_PX = 160;
/** Samples shown at once; the others are behind "More…". */
const FIRST_SAMPLES = 4;
const drafts = new Map();
const trayOpen = new Map();
const wide = matchMedia("(min-width: 760px)");

export class Composer {
  constructor() {
    this.copy = null;
    this.input = el("textarea", {
      class: "composer-input",
      testid: "composer",
      rows: "1",
      maxlength: "4096",
      dir: "auto",
      "aria-label": "Message",
      placeholder: "Message",
      oninput: () => this.grow(),
      onkeydown: (event) => this.keyed(event),
      onpaste: (event) => this.pasted(event),
    });
    this.attach = iconButton("plus", "Attach a file or a sample", {
      testid: "attach",
      "aria-expanded": "false",
      onclick: () => this.toggleTray(),
    });
    this.submit = iconButton("send", "Send", { class: "icon-button send", testid: "send", onclick: () => this.send() });
    this.commands = button(
      {
        class: "icon-button commands",
        "aria-label": "Commands of the bot",
        title: "Commands of the bot",
        "aria-haspopup": "menu",
        testid: "commands",
        onclick: () => this.showCommands(),
      },
      "/",
    );
    this.menu = button({
      class: "chip strong menu-button",
      testid: "menu-button",
      hidden: true,
      onclick: () => openLink(this.copy.menu.web_app.url),
    });
    this.tray = el("div", { class: "tray", role: "group", "aria-label": "Attach" });
    this.files = el("input", {
      type: "file",
      multiple: true,
      class: "visually-hidden",
      tabindex: "-1",
      "aria-hidden": "true",
      testid: "file-input",
    });
    this.files.addEventListener("change", () => this.picked());
    this.node = el(
      "div",
      { class: "composer" },
      this.tray,
      el("div", { class: "composer-line" }, this.menu, this.attach, this.input, this.commands, this.submit),
      this.files,
    );
    this.fillTray();
  }

  fillTray() {
    const upload = (label, iconName, accept, asFile) =>
      button(
        {
          class: "chip strong",
          testid: asFile ? "attach-file" : "attach-photo",
          onclick: () => this.choose(accept, asFile),
        },
        icon(iconName),
        label,
      );
    const rest = el(
      "span",
      { class: "tray-rest", hidden: true },
      SAMPLES.slice(FIRST_SAMPLES).map((sample) => this.sampleChip(sample)),
    );
    const more = button(
      {
        class: "chip",
        testid: "more-samples",
        "aria-expanded": "false",
        onclick: () => {
          rest.hidden = !rest.hidden;
          more.setAttribute("aria-expanded", String(!rest.hidden));
          more.textContent = rest.hidden ? "More…" : "Fewer";
        },
      },
      "More…",
    );
    clear(
      this.tray,
      upload("Photo or video", "photo", "image/*,video/*", false),
      upload("File", "file", "", true),
      el("span", { class: "tray-word" }, "Samples"),
      SAMPLES.slice(0, FIRST_SAMPLES).map((sample) => this.sampleChip(sample)),
      more,
      rest,
    );
  }

  sampleChip(sample) {
    return button(
      {
        class: "chip",
        testid: `attach-sample-${sample.name}`,
        onclick: (event) => this.sendSample(event.currentTarget, sample),
      },
      icon(sample.icon),
      sample.label,
    );
  }

  show(copy) {
    if (this.copy !== copy) {
      if (this.copy) drafts.set(this.copy.name + this.copy.user, this.input.value);
      this.copy = copy;
      this.input.value = drafts.get(copy.name + copy.user) ?? "";
      this.input.placeholder = copy.botId === null ? `Post to ${titleOf(copy)}` : "Message";
      this.showTray(trayOpen.get(copy.key) ?? (copy.botId !== null && copy.botId === adminBot()?.id));
      this.grow();
      if (wide.matches) this.input.focus({ preventScroll: true });
    }
    this.offerCommands();
  }

  /** Called at every change: a bot may set its commands after its chat was opened. */
  offerCommands() {
    this.commands.hidden = !this.copy.commands.length;
    const { menu: opened } = this.copy;
    this.menu.hidden = opened?.type !== "web_app";
    this.menu.textContent = opened?.text ?? "";
  }

  showCommands() {
    const { copy } = this;
    menu(
      this.commands,
      copy.commands.map((command) => ({
        label: `/${command.command}`,
        hint: command.description,
        icon: "text",
        run: () => sendText(copy, `/${command.command}`),
      })),
    );
  }

  showTray(open) {
    this.tray.hidden = !open;
    this.attach.setAttribute("aria-expanded", String(open));
    this.attach.classList.toggle("open", open);
  }

  toggleTray() {
    trayOpen.set(this.copy.key, this.tray.hidden);
    this.showTray(this.tray.hidden);
  }

  grow() {
    const { input } = this;
    input.style.height = "auto";
    const wanted = input.scrollHeight + input.offsetHeight - input.clientHeight;
    input.style.height = `${Math.min(wanted, MAX_HEIGHT_PX)}px`;
    input.style.overflowY = wanted > MAX_HEIGHT_PX ? "auto" : "hidden";
    this.submit.disabled = this.input.value.trim() === "";
  }

  keyed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  async send() {
    const source = this.input.value.trim();
    if (!source) return;
    const { copy } = this;
    this.input.value = "";
    this.grow();
    const { text, entities } = source.startsWith("/start") ? { text: source, entities: [] } : readMarkup(source);
    const answer = await sendText(copy, text, entities);
    if (answer === null && this.input.value === "") {
      this.input.value = source;
      this.grow();
    }
  }

  async sendSample(node, sample) {
    node.disabled = true;
    await sample.send(this.copy);
    node.disabled = false;
    if (wide.matches) this.input.focus({ preventScroll: true });
  }

  // ------------------------------------------------------------------------------------------------------ real files

  choose(accept, asFile) {
    this.files.accept = accept;
    this.asFile = asFile;
    this.files.click();
  }

  picked() {
    const files = [...this.files.files];
    this.files.value = "";
    if (files.length) this.offer(files, this.asFile);
  }

  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.offer(files, false);
  }

  /** Asks for a caption and sends the files: one, or albums of up to ten. */
  async offer(files, asFile) {
    const { copy } = this;
    const caption = el("input", {
      type: "text",
      maxlength: "1024",
      placeholder: "Caption",
      "aria-label": "Caption",
      testid: "caption",
      autofocus: true,
    });
    const urls = [];
    const wanted = await dialog(`Send ${plural(files.length, "file")}`, (close) =>
      el(
        "form",
        {
          class: "dialog-body",
          onsubmit: (event) => {
            event.preventDefault();
            close(true);
          },
        },
        el(
          "div",
          { class: "previews" },
          files.map((file) => preview(file, asFile, urls)),
        ),
        caption,
        el(
          "div",
          { class: "dialog-actions" },
          button({ onclick: () => close(null) }, "Cancel"),
          button({ type: "submit", class: "primary", testid: "send-files" }, "Send"),
        ),
      ),
    );
    urls.forEach((url) => URL.revokeObjectURL(url));
    if (wanted) await sendFiles(copy, files, asFile, caption.value.trim());
  }
}

function preview(file, asFile, urls) {
  const kind = kindOfFile(file, asFile);
  if (kind !== "photo")
    return el(
      "div",
      { class: "preview tile" },
      icon(kind === "video" ? "video" : "file"),
      el("span", {}, file.name),
      el("small", {}, fileSize(file.size)),
    );
  urls.push(URL.createObjectURL(file));
  return el("img", { class: "preview", src: urls[urls.length - 1], alt: file.name });
}

function kindOfFile(file, asFile) {
  if (asFile) return "document";
  if (/^image\/(png|jpe?g|webp|bmp|avif)/.test(file.type)) return "photo";
  if (file.type === "image/gif") return "animation";
  if (file.type.startsWith("video/")) return "video";
  return file.type.startsWith("audio/") ? "audio" : "document";
}

async function sendFiles(copy, files, asFile, caption) {
  const items = [];
  try {
    for (const file of files) {
      const kind = kindOfFile(file, asFile);
      items.push({ kind, ...(await uploadFile(file, kind)) });
    }
  } catch (error) {
    return complain(error);
  }
  if (caption) items[0].caption = caption;
  for (const group of albumsOf(items)) {
    if (group.length === 1) await sendMedia(copy, group[0]);
    else await sendAlbum(copy, group);
  }
}

/** Groups that Telegram accepts as one album: photos with videos, documents alone, audio alone. */
function albumsOf(items) {
  const groups = [];
  const family = (kind) => (["photo", "video"].includes(kind) ? "visual" : kind);
  for (const item of items) {
    const last = groups[groups.length - 1];
    const joins =
      last && last.length < MAX_ALBUM && item.kind !== "animation" && family(last[0].kind) === family(item.kind);
    if (joins) last.push(item);
    else groups.push([item]);
  }
  return groups;
}
