/**
 * Plays a path on the diagram: a token goes from element to element, what it passed stays marked, and the end is told in a sentence.
 *
 * Its bar stands above the canvas. Keys within it: arrows, Home and End step, Escape closes.
 */
import { element as el } from "../page/dom.js";
import { placeOf, showRootOf } from "./names.js";
import { stopsOf } from "./path.js";
import { svg } from "./svg.js";
import { tokenOn } from "./token.js";

const STAY_MS = 1100;
const MARKERS = { passed: "bd-passed", here: "bd-here", end: "bd-played-end" };
const AROUND = { top: 60, bottom: 60, left: 120, right: 60 };

/** Gives `bar`, `can(path)`, `start({path, element, kind, title, sentence}, button)` and `close()`; `resized` is told when the bar comes or goes. */
export function player(modeler, word, resized) {
  const canvas = modeler.get("canvas");
  const registry = modeler.get("elementRegistry");
  const isFlow = (id) => Boolean(registry.get(id)?.waypoints);
  const controls = {
    first: control("first", word("playFirst"), () => step(-stops.length)),
    back: control("back", word("playBack"), () => step(-1)),
    pause: control("pause", word("playPause"), () => (isPlaying ? pause() : resume())),
    forward: control("forward", word("playForward"), () => step(1)),
    close: control("close", word("playClose"), () => close()),
  };
  const title = el("span", { className: "bde-player-title" });
  const place = el("p", { className: "bde-player-place", role: "status" });
  const sentence = el("p", { className: "bde-player-sentence", role: "status" });
  const tools = el("div", { className: "bde-tools" }, controls.first, controls.back, controls.pause, controls.forward);
  const bar = el("section", { className: "bde-player", "aria-label": word("player"), hidden: true }, tools, el("div", { className: "bde-player-text" }, title, place), controls.close, sentence);
  const token = tokenOn(canvas);
  let told = null;
  let path = [];
  let stops = [];
  let at = 0; // which of the stops
  let isPlaying = false;
  let timer = null;
  let marked = [];
  let opener = null;

  const known = (ids) => (ids ?? []).filter((id) => registry.get(id));

  function start(way, button) {
    if (told) clear();
    [told, opener] = [way, button];
    path = known(way.path);
    // What is wrong need not be where something happened last.
    if (way.element && path.at(-1) !== way.element) path.push(...known([way.element]));
    stops = stopsOf(path, isFlow);
      title.textContent = way.title;
    bar.dataset.kind = way.kind;
    bar.hidden = false;
    resized();
    arrive(0);
    resume();
    controls.pause.focus();
  }

  function close() {
    if (!told) return;
    const hadFocus = bar.contains(document.activeElement);
    clear();
    told = null;
    bar.hidden = true;
    resized();
    if (hadFocus && opener?.isConnected) opener.focus();
  }

  function clear() {
    pause();
    token.take();
    unmark();
  }

  /** At a stop: everything before is marked, the token lies there. */
  function arrive(stop) {
    at = stop;
    const here = registry.get(path[stops[at]]);
    if (!here) return close();
    const isEnd = at === stops.length - 1;
    showRootOf(canvas, here);
    canvas.scrollToElement(here, AROUND);
    unmark();
    for (const id of path.slice(0, stops[at])) mark(id, MARKERS.passed);
    mark(here.id, isEnd ? MARKERS.end : MARKERS.here);
    token.rest(here);
    place.textContent = word("playAt", { at: at + 1, all: stops.length, name: placeOf(here) });
    sentence.textContent = isEnd ? (told.sentence ?? word("playEnd")) : "";
    controls.first.disabled = controls.back.disabled = at === 0;
    controls.forward.disabled = isEnd;
    if (isEnd) pause();
    return undefined;
  }

  function step(by) {
    pause();
    arrive(Math.min(Math.max(at + by, 0), stops.length - 1));
    if (bar.contains(document.activeElement) && document.activeElement.disabled) controls.pause.focus();
  }

  function resume() {
    if (at === stops.length - 1 && stops.length > 1) arrive(0);
    isPlaying = stops.length > 1;
    showState();
    if (isPlaying) timer = setTimeout(goOn, STAY_MS);
  }

  /** Along the flows to the next stop, then on from there. */
  async function goOn() {
    for (const id of path.slice(stops[at] + 1, stops[at + 1])) {
      const flow = registry.get(id);
      showRootOf(canvas, flow);
      mark(id, MARKERS.passed);
      if (!(await token.slide(flow)) || !isPlaying) return;
    }
    arrive(at + 1);
    if (isPlaying) timer = setTimeout(goOn, STAY_MS);
  }

  function pause() {
    isPlaying = false;
    clearTimeout(timer);
    showState();
  }

  function showState() {
    bar.dataset.state = isPlaying ? "playing" : "paused";
    controls.pause.replaceChildren(icon(isPlaying ? "pause" : "resume"));
    controls.pause.title = word(isPlaying ? "playPause" : "playResume");
    controls.pause.setAttribute("aria-label", controls.pause.title);
  }

  function mark(id, marker) {
    canvas.addMarker(id, marker);
    marked.push([id, marker]);
  }

  function unmark() {
    for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    marked = [];
  }

  bar.addEventListener("keydown", (event) => {
    const act = { ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-stops.length), End: () => step(stops.length), Escape: close }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  modeler.on("diagram.clear", close);
  return { bar, can: (path) => known(path).length > 0, start, close };
}

const SIGNS = { first: "M1 3h2v10H1zM9 3v10L3 8zM15 3v10L9 8z", back: "M12 3v10L6 8zM3 3h2v10H3z", pause: "M4 3h3v10H4zM9 3h3v10H9z", resume: "M4 2l10 6-10 6z", forward: "M4 3l6 5-6 5zM11 3h2v10h-2z", close: "M3.5 2L8 6.5 12.5 2 14 3.5 9.5 8l4.5 4.5-1.5 1.5L8 9.5 3.5 14 2 12.5 6.5 8 2 3.5z" };

const icon = (sign) => svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: SIGNS[sign] }));

function control(sign, name, act) {
  const button = el("button", { type: "button", className: "bde-tool", title: name, "aria-label": name }, icon(sign));
  button.addEventListener("click", act);
  return button;
}
