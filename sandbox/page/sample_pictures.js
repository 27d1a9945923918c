// Draws small landscapes, so that a visitor without a photo at hand can send a real JPEG.

const WIDTH = 1280;
const HEIGHT = 854;
/** Sky from top to bottom, the sun, and the hills from far to near. */
const SCENES = [
  { sky: ["#f7b58b", "#f9d9a8", "#fdeed0"], sun: "#fff6df", hills: ["#d98f76", "#a9636a", "#6d4460", "#3b2c4a"] },
  { sky: ["#6fb4d6", "#a8d8e6", "#e3f3ee"], sun: "#fffbe8", hills: ["#8fc0b4", "#5b9c8a", "#357766", "#1d4d47"] },
  { sky: ["#1d2a4d", "#37497a", "#8d7fae"], sun: "#f3ecd2", hills: ["#55598c", "#3a4170", "#252d52", "#131a33"] },
  { sky: ["#8ec5e8", "#cfe4ee", "#f6ead6"], sun: "#fff3cf", hills: ["#c9b489", "#b08d5e", "#7f6846", "#4c4633"] },
];

let drawn = Math.floor(Math.random() * SCENES.length);

/** A new JPEG file, different from the last one. */
export async function samplePicture() {
  drawn += 1;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  draw(canvas.getContext("2d"), SCENES[drawn % SCENES.length], drawn);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  return new File([blob], `sample-${drawn}.jpg`, { type: "image/jpeg" });
}

/** A smiling sun on nothing, as stickers are. */
export async function sampleSticker() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 512;
  const pen = canvas.getContext("2d");
  pen.translate(256, 256);
  pen.fillStyle = "#f2a93b";
  for (let ray = 0; ray < 12; ray += 1) {
    pen.rotate(Math.PI / 6);
    pen.beginPath();
    pen.ellipse(0, -200, 26, 46, 0, 0, Math.PI * 2);
    pen.fill();
  }
  pen.fillStyle = "#ffd25e";
  disc(pen, 0, 0, 165);
  pen.fillStyle = "#5b3a1a";
  disc(pen, -56, -30, 17);
  disc(pen, 56, -30, 17);
  pen.strokeStyle = "#5b3a1a";
  pen.lineWidth = 15;
  pen.lineCap = "round";
  pen.beginPath();
  pen.arc(0, 12, 72, 0.25 * Math.PI, 0.75 * Math.PI);
  pen.stroke();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], "sun.png", { type: "image/png" });
}

function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, Math.PI * 2);
  pen.fill();
}

function draw(pen, scene, seed) {
  const sky = pen.createLinearGradient(0, 0, 0, HEIGHT * 0.75);
  scene.sky.forEach((colour, at) => sky.addColorStop(at / 2, colour));
  pen.fillStyle = sky;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  drawSun(pen, scene.sun, WIDTH * (0.25 + ((seed * 0.37) % 0.5)), HEIGHT * 0.3);
  scene.hills.forEach((colour, layer) => drawHill(pen, colour, layer, seed));
}

function drawSun(pen, colour, x, y) {
  const glow = pen.createRadialGradient(x, y, 40, x, y, 260);
  glow.addColorStop(0, `${colour}cc`);
  glow.addColorStop(1, `${colour}00`);
  pen.fillStyle = glow;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = colour;
  disc(pen, x, y, 62);
}

function drawHill(pen, colour, layer, seed) {
  const base = HEIGHT * (0.5 + layer * 0.13);
  const height = 120 - layer * 18;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 8) {
    const turn = x / (190 + layer * 60) + seed * 1.7 + layer * 2.1;
    pen.lineTo(x, base + Math.sin(turn) * height * 0.6 + Math.sin(turn * 2.3 + 1) * height * 0.25);
  }
  pen.lineTo(WIDTH, HEIGHT);
  pen.fill();
}
