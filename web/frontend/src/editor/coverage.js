/** What the stories cover, painted on the diagram: tinted with the times where they came, hatched where they never did. */
import { element as el } from "../page/dom.js";
import { middleOf } from "./middle.js";
import { placeOf } from "./names.js";
import { svg } from "./svg.js";

const OVERLAY = "bd-coverage";
const MARKERS = { visited: "bd-visited", missed: "bd-missed" };
const LEGIBLE = { min: 0.75 };
// Seen from afar, marks on what is small would hide it.
const SEEN = { large: { minZoom: 0.25 }, small: { minZoom: 0.55 } };

/** `reveal(id)` shows an element. Gives `show(found)`, `hide()`, `missed(found)`, `legend`. */
export function coveragePaint(modeler, word, reveal) {
  const canvas = modeler.get("canvas");
  const overlays = modeler.get("overlays");
  const registry = modeler.get("elementRegistry");
  const legend = el(
    "p",
    { className: "bde-legend" },
    el("span", { className: "bde-legend-visited" }, word("legendVisited")),
    el("span", { className: "bde-legend-missed" }, word("legendMissed")),
  );
  let marked = [];
  let shown = null;

  const times = ({ elements, flows }) => Object.entries({ ...elements, ...flows }).filter(([id]) => registry.get(id));

  function show(found) {
    hide();
    shown = found;
    hatch(canvas);
    for (const [id, count] of times(found)) {
      const marker = count > 0 ? MARKERS.visited : MARKERS.missed;
      canvas.addMarker(id, marker);
      marked.push([id, marker]);
      const element = registry.get(id);
      if (!saysItself(element)) overlays.add(id, OVERLAY, { position: position(element), scale: LEGIBLE, show: isLarge(element) ? SEEN.large : SEEN.small, html: badge(count) });
    }
  }

  function hide() {
    for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    overlays.remove({ type: OVERLAY });
    marked = [];
    shown = null;
  }

  function badge(count) {
    const text = word("times", { count });
    const sign = el("span", { className: count > 0 ? "bde-times" : "bde-times bde-times--never", title: text });
    sign.append(el("span", { "aria-hidden": "true" }, `${count}×`), el("span", { className: "visually-hidden" }, text));
    return sign;
  }

  const missed = (found) =>
    times(found)
      .filter(([, count]) => count === 0)
      .map(([id]) => ({ text: placeOf(registry.get(id)), reveal: () => reveal(id) }));

  // Another file was opened: what it has of the same is painted again.
  modeler.on("import.done", () => shown && show(shown));
  return { show, hide, missed, legend };
}

/** A flow whose times are those of an element that it connects; marks on every flow would hide the names of many. */
const saysItself = ({ waypoints, source, target }) => waypoints && !(source.outgoing.length > 1 && target.incoming.length > 1);

const isLarge = ({ waypoints, width }) => !waypoints && width > 60;

/** Where the times stand: at the corner that has neither a problem's count nor, as a rule, the name; half way of a flow. */
function position(element) {
  const { width, height, waypoints, host } = element;
  if (waypoints) return middleOf(element);
  if (host) return { top: height, left: 0 };
  return { top: isLarge(element) ? height : 0, left: width };
}

/** The pattern that elements never visited are filled with, once for a diagram. */
function hatch(canvas) {
  const drawing = canvas.getContainer().querySelector("svg");
  if (drawing.querySelector("#bde-hatch")) return;
  const lines = [svg("rect", { width: 8, height: 8, fill: "#f4f2ec" }), svg("rect", { width: 3, height: 8, fill: "#d9d3c4" })];
  drawing.append(svg("defs", {}, svg("pattern", { id: "bde-hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, ...lines)));
}
