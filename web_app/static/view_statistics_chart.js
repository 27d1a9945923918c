// A chart of days: a bar for each, drawn as SVG; the same numbers as a table below it.

import { el, select } from "./admin_dom.js";

const SVG = "http://www.w3.org/2000/svg";
const FIGURES = ["delivered", "new", "active"];
const WIDTH = 900, HEIGHT = 240, LEFT = 76, BOTTOM = 36, TOP = 20;

let figure = "delivered"; // kept while another period is chosen

/** The chart with a choice of the figure it shows. */
export function chart(days, app) {
  const { t } = app, frame = el("div", { class: "chart" }), table = el("div", { class: "chart-table" });
  const draw = () => {
    frame.replaceChildren(picture(days, app));
    table.replaceChildren(tableOf(days, app));
  };
  const choice = select(t("figure"), FIGURES.map((one) => [one, t(`chart_${one}`)]), figure, (one) => {
    figure = one;
    draw();
  });
  draw();
  return el("div", { class: "with-chart" }, choice, frame, el("details", {}, el("summary", {}, t("as_table")), table));
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function picture(days, app) {
  const { t, format } = app, values = days.map((one) => one[figure]), known = values.filter((one) => one !== null);
  const most = nice(Math.max(1, ...known)), step = (WIDTH - LEFT) / days.length, height = HEIGHT - BOTTOM - TOP;
  const at = (day) => format.date(`${day.date}T12:00:00Z`);
  const label = t("chart_alt", {
    figure: t(`chart_${figure}`), first: at(days[0]), last: at(days.at(-1)),
    least: known.length ? format.number(Math.min(...known)) : "–", most: known.length ? format.number(Math.max(...known)) : "–",
  });
  const lines = [0, 0.5, 1].map((part) => {
    const y = TOP + height * (1 - part);
    return svg("g", {}, svg("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: "grid" }),
      svg("text", { x: LEFT - 8, y: y + 4, class: "scale", "text-anchor": "end" }, format.number(most * part)));
  });
  const bars = days.map((day, place) => {
    const size = ((day[figure] ?? 0) / most) * height, width = Math.min(64, Math.max(1, step - (step > 4 ? 2 : 0)));
    const x = LEFT + place * step + (step - width) / 2;
    const bar = svg("rect", { x, y: TOP + height - size, width, height: size, rx: Math.min(3, width / 3), class: "day" });
    bar.append(svg("title", {}, `${at(day)}: ${day[figure] === null ? "–" : format.number(day[figure])}`));
    return bar;
  });
  const ends = [[0, "start"], [days.length - 1, "end"]].slice(0, days.length > 1 ? 2 : 1).map(([place, anchor]) =>
    svg("text", { x: anchor === "start" ? LEFT : WIDTH, y: HEIGHT - 6, class: "scale", "text-anchor": anchor }, at(days[place])));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, ...lines, ...bars, ...ends);
}

/** The next number with one or two significant digits that is easy to halve. */
function nice(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  const found = [1, 2, 4, 6, 8, 10].find((one) => one * size >= value) * size;
  return Math.max(2, found);
}

function tableOf(days, app) {
  const { t, format } = app, cell = (value) => el("td", { class: "number" }, value === null ? "–" : format.number(value));
  return el("table", { "aria-label": t("day_by_day") },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("day")), FIGURES.map((one) => el("th", { scope: "col", class: "number" }, t(`chart_${one}`))))),
    el("tbody", {}, [...days].reverse().map((day) => el("tr", {},
      el("th", { scope: "row" }, format.date(`${day.date}T12:00:00Z`)), FIGURES.map((one) => cell(day[one]))))));
}
