// Sample messages for a visitor who has no file at hand.

import { sendAlbum, sendMedia, sendText, uploadFile } from "./actions.js";
import { sampleText } from "./markup.js";
import { complain } from "./overlays.js";
import { samplePicture, sampleSticker } from "./sample_pictures.js";

const ALBUM_SIZE = 3;

const sample = (name, label, iconName, send) => ({ name, label, icon: iconName, send });
const plain = (values) => (copy) => sendMedia(copy, values);

/** The samples on the tray, in order. */
export const SAMPLES = [
  sample("photo", "Photo", "photo", sendPhoto),
  sample("album", "Album", "album", sendPhotos),
  sample(
    "video",
    "Video",
    "video",
    plain({ kind: "video", caption: "A sample video", file_name: "holiday.mp4", file_size: 8_400_000 }),
  ),
  sample("document", "Document", "file", plain({ kind: "document", file_name: "handbook.pdf", file_size: 1_250_000 })),
  sample("text", "Formatted text", "text", sendFormatted),
  sample("audio", "Audio", "audio", plain({ kind: "audio", file_name: "morning.mp3", file_size: 4_100_000 })),
  sample("voice", "Voice", "voice", plain({ kind: "voice", file_size: 38_000 })),
  sample("animation", "GIF", "play", plain({ kind: "animation", file_name: "wave.mp4", file_size: 310_000 })),
  sample("sticker", "Sticker", "sticker", sendSticker),
  sample("large", "2 GB file", "file", plain({ kind: "document", file_name: "film.mkv", file_size: 2_000_000_000 })),
  sample("poll", "Poll", "poll", plain({ kind: "poll" })),
];

async function sendPhoto(copy) {
  try {
    await sendMedia(copy, { ...(await picture()), caption: "A sample photo" });
  } catch (error) {
    complain(error);
  }
}

async function sendPhotos(copy) {
  try {
    const items = [];
    while (items.length < ALBUM_SIZE) items.push(await picture());
    items[0].caption = "Three pictures, one album";
    await sendAlbum(copy, items);
  } catch (error) {
    complain(error);
  }
}

async function sendSticker(copy) {
  try {
    await sendMedia(copy, { kind: "sticker", ...(await uploadFile(await sampleSticker(), "sticker")) });
  } catch (error) {
    complain(error);
  }
}

async function picture() {
  return { kind: "photo", ...(await uploadFile(await samplePicture(), "photo")) };
}

function sendFormatted(copy) {
  const { text, entities } = sampleText();
  return sendText(copy, text, entities);
}
