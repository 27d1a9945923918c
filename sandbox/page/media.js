// Pictures, tiles and albums inside a bubble.

import { fileUrl } from "./api.js";
import { button, el, icon } from "./dom.js";
import { duration, fileSize } from "./format.js";
import { lightbox, toast } from "./overlays.js";

/** How many pictures stand in each row of an album, by its size. */
const ALBUM_ROWS = {
  2: [2],
  3: [1, 2],
  4: [2, 2],
  5: [2, 3],
  6: [3, 3],
  7: [2, 2, 3],
  8: [2, 3, 3],
  9: [3, 3, 3],
  10: [3, 3, 4],
};
const KINDS = [
  "photo",
  "animation",
  "video",
  "video_note",
  "sticker",
  "audio",
  "voice",
  "document",
  "poll",
  "quiz",
  "contact",
  "venue",
  "location",
  "dice",
  "game",
  "invoice",
  "paid_media",
];

/** The kind of content of a message: "text", one of KINDS, or "service". */
export function kindOf(message) {
  const kind = KINDS.find((name) => message[name] !== undefined && message[name] !== null);
  if (kind) return kind;
  return message.text === undefined ? "service" : "text";
}

export const KIND_WORDS = {
  photo: "Photo",
  animation: "GIF",
  video: "Video",
  video_note: "Video message",
  sticker: "Sticker",
  audio: "Audio",
  voice: "Voice message",
  document: "Document",
  poll: "Poll",
  quiz: "Quiz",
  contact: "Contact",
  venue: "Place",
  location: "Location",
  dice: "Dice",
  game: "Game",
  invoice: "Invoice",
  paid_media: "Paid media",
};
const isPicture = (message) => ["photo", "video"].includes(kindOf(message));

/** The node for a message's media; null for plain text. */
export function mediaOf(message) {
  const kind = kindOf(message);
  const build = {
    photo: picture,
    video: film,
    animation: film,
    video_note: film,
    sticker,
    audio: sound,
    voice: sound,
    document: paper,
    poll,
    quiz: poll,
    text: () => null,
  }[kind];
  return build ? build(message, message[kind]) : other(message, kind);
}

/** One grid of the album's pictures, or a stack of its files. `wrap(message, node)` marks each item as a message. */
export function album(messages, wrap) {
  if (!messages.every(isPicture)) {
    return el(
      "div",
      { class: "stack" },
      messages.map((message) => wrap(message, mediaOf(message))),
    );
  }
  const rows = ALBUM_ROWS[messages.length] ?? messages.map(() => 1);
  const spans = rows.flatMap((count) => Array(count).fill(12 / count));
  return el(
    "div",
    { class: "grid" },
    messages.map((message, at) => {
      const node = wrap(message, mediaOf(message));
      node.style.gridColumn = `span ${spans[at] ?? 12}`;
      node.style.aspectRatio = { 12: "2 / 1", 6: "4 / 3", 4: "1", 3: "1" }[spans[at] ?? 12];
      return node;
    }),
  );
}

function picture(message, sizes) {
  const largest = sizes.reduce((best, size) => (size.width * size.height > best.width * best.height ? size : best));
  return framed(largest, message.has_media_spoiler, (url) => lightbox(url, "Photo"), "Photo");
}

/** A box that has its final shape before the picture is loaded, so that nothing jumps. */
function framed(size, hidden, open, label, ...extra) {
  const url = fileUrl(size.file_unique_id);
  const image = el("img", { src: url, alt: label, decoding: "async", draggable: "false" });
  const node = button(
    { class: hidden ? "frame veiled" : "frame", "aria-label": `${label}, press to enlarge` },
    image,
    ...extra,
  );
  node.addEventListener("click", () =>
    node.classList.contains("veiled") ? node.classList.remove("veiled") : open(url),
  );
  if (size.width && size.height) {
    const ratio = Math.min(Math.max(size.width / size.height, 0.65), 2.4);
    node.style.aspectRatio = String(ratio);
  }
  return node;
}

function film(message, file) {
  const kind = kindOf(message);
  const label = KIND_WORDS[kind];
  const mark = kind === "animation" ? "GIF" : duration(file.duration ?? 0);
  const size = { ...file, width: file.width ?? file.length ?? 16, height: file.height ?? file.length ?? 9 };
  const node = framed(
    size,
    message.has_media_spoiler,
    () => play(),
    label,
    el("span", { class: "play" }, icon("play")),
    el("span", { class: "badge" }, [mark, fileSize(file.file_size)].filter(Boolean).join(" · ")),
  );
  node.classList.add("film", kind);
  const play = () => {
    const video = el("video", { src: fileUrl(file.file_unique_id), controls: true, autoplay: true, playsinline: true });
    video.addEventListener("error", () => toast("A sample has no moving picture."), { once: true });
    video.addEventListener("loadeddata", () => node.replaceWith(video), { once: true });
    video.load();
  };
  node.querySelector("img").addEventListener("error", (event) => event.target.remove(), { once: true });
  return el(
    "div",
    { class: "media-with-name" },
    node,
    file.file_name ? el("div", { class: "file-name" }, file.file_name) : null,
  );
}

function sticker(message, file) {
  return el(
    "div",
    { class: "sticker" },
    el("img", { src: fileUrl(file.file_unique_id), alt: `Sticker ${file.emoji ?? ""}`, width: "150", height: "150" }),
  );
}

function sound(message, file) {
  const voice = kindOf(message) === "voice";
  const title = voice ? "Voice message" : (file.title ?? file.file_name ?? "Audio");
  const hint = [file.performer, duration(file.duration ?? 0), fileSize(file.file_size)].filter(Boolean).join(" · ");
  const player = button({ class: "tile-icon", "aria-label": `Play ${title}` }, icon("play"));
  player.addEventListener("click", () => {
    const audio = el("audio", { src: fileUrl(file.file_unique_id), controls: true });
    audio.play().then(
      () => player.closest(".tile").after(audio),
      () => toast("A sample has no sound."),
    );
  });
  return tile(player, title, hint, voice ? "voice" : "audio");
}

function paper(message, file) {
  const name = file.file_name ?? "file";
  const link = el(
    "a",
    { class: "tile-icon", href: fileUrl(file.file_unique_id), download: name, "aria-label": `Download ${name}` },
    icon("file"),
  );
  return tile(link, name, fileSize(file.file_size));
}

function tile(mark, title, hint, kind) {
  return el(
    "div",
    { class: kind ? `tile ${kind}` : "tile" },
    mark,
    el("div", { class: "tile-text" }, el("b", { title }, title), el("small", {}, hint)),
  );
}

function poll(message, content) {
  return el(
    "div",
    { class: "poll" },
    el("b", {}, content.question),
    (content.options ?? []).map((option) => el("div", { class: "poll-option" }, option.text)),
  );
}

function other(message, kind) {
  if (kind === "service") return null;
  const content = message[kind];
  const icons = { contact: "person", venue: "place", location: "place" };
  const title = content.title ?? content.question ?? content.emoji ?? content.first_name ?? KIND_WORDS[kind];
  const hint =
    content.phone_number ??
    content.description ??
    (content.value !== undefined ? String(content.value) : KIND_WORDS[kind]);
  return tile(el("span", { class: "tile-icon" }, icon(icons[kind] ?? "file")), String(title), String(hint));
}
