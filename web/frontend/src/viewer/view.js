/** How much of a diagram is seen: all of it, with air around, or of a long one as much as can be read; again after every change of size, until
 * the reader moves it. */
import { word } from "./words.js";

const AIR = 24;
// The bpmn.io mark stands at the foot, where nothing may lie over or under it.
const FOOT = 48;
const LARGEST = 1.2;
// Below this, names cannot be read: a long process is shown in part, and whoever wants all of it asks.
const LEGIBLE = 0.55;
const PRINTED_WIDTH = "bd-printing";

/** Shows the whole diagram; `left` keeps room for what lies over the canvas there (the editor's palette). */
export function fit(viewer, left = 0) {
  const canvas = viewer.get("canvas");
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !outer.width) return;
  const scale = Math.min((outer.width - left - 2 * AIR) / inner.width, (outer.height - AIR - FOOT) / inner.height, LARGEST);
  if (scale <= 0) return;
  const width = outer.width / scale;
  const height = outer.height / scale;
  const x = inner.x - (width - inner.width + left / scale) / 2;
  const y = inner.y - (height - inner.height - (FOOT - AIR) / scale) / 2;
  canvas.viewbox({ x, y, width, height });
}

/** Shows where a diagram begins, or what is most important of it (`id`), as large as can be read. */
function begin(viewer, id) {
  const canvas = viewer.get("canvas");
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!outer.width || !outer.height) return; // not laid out: nothing is seen of it
  const width = outer.width / LEGIBLE;
  const height = outer.height / LEGIBLE;
  const shape = id && viewer.get("elementRegistry").get(id);
  const between = (least, wanted, most) => Math.max(least, Math.min(wanted, most));
  const left = inner.x - AIR / LEGIBLE;
  const x = shape ? between(left, shape.x + shape.width / 2 - width / 2, inner.x + inner.width + AIR / LEGIBLE - width) : left;
  const top = inner.y - AIR / LEGIBLE;
  const y = shape ? between(top, shape.y + shape.height / 2 - height / 2, inner.y + inner.height + FOOT / LEGIBLE - height) : top;
  canvas.viewbox({ x, y, width, height });
}

/** The scale at which the whole diagram is as wide as its frame. */
function scaleOf(viewer, frame) {
  const { inner } = viewer.get("canvas").viewbox();
  return inner.width ? Math.min((frame.clientWidth - 2 * AIR) / inner.width, LARGEST) : LARGEST;
}

/** Gives the frame the height that the diagram takes at a scale, within three quarters of the window. */
function setHeight(viewer, frame, scale) {
  const { inner } = viewer.get("canvas").viewbox();
  if (!inner.width) return;
  const height = Math.min(Math.max(inner.height * scale + AIR + FOOT, 180), innerHeight * 0.75);
  frame.style.setProperty("--bd-diagram-height", `${Math.round(height)}px`);
}

/** `first`: the element that is to be seen where not everything is. Gives `during(draw, next)`, which keeps what the reader looks at while the
 * diagram is drawn anew, and otherwise shows `next()`. */
export function keepInView(viewer, container, first) {
  const frame = container.closest(".bd-diagram") ?? container;
  let isMoved = false;
  let isFitting = false;
  let isWhole = false;
  const refit = (whole = isWhole) => {
    isFitting = true;
    const scale = scaleOf(viewer, frame);
    const inPart = !whole && scale < LEGIBLE;
    setHeight(viewer, frame, inPart ? LEGIBLE : scale);
    if (inPart) begin(viewer, first);
    else fit(viewer);
    container.dataset.shown = inPart ? "part" : "whole";
    isFitting = false;
  };
  refit();
  viewer.on("canvas.viewbox.changing", () => {
    isMoved ||= !isFitting;
  });
  new ResizeObserver(() => (isMoved ? viewer.get("canvas").resized() : refit())).observe(container);
  // The wheel scrolls the page; it moves the diagram only once the reader is in it.
  viewer.on("canvas.focus.changed", ({ focused }) => viewer.get("zoomScroll").toggle(focused));
  addEventListener("beforeprint", () => {
    frame.classList.add(PRINTED_WIDTH);
    refit(true);
  });
  addEventListener("afterprint", () => {
    frame.classList.remove(PRINTED_WIDTH);
    refit();
  });
  container.addEventListener("bd:fit", () => {
    isWhole = true;
    isMoved = false;
    refit();
  });
  return {
    async during(draw, next) {
      const { x, y, width, height } = viewer.get("canvas").viewbox();
      isFitting = true;
      await draw();
      first = next();
      if (isMoved) viewer.get("canvas").viewbox({ x, y, width, height });
      else refit();
      isFitting = false;
    },
  };
}

export function zoomButtons(viewer, container) {
  const bar = document.createElement("div");
  bar.className = "bd-zoom";
  const zoom = (by) => viewer.get("zoomScroll").stepZoom(by);
  bar.append(
    button("+", word("larger"), () => zoom(1)),
    button("−", word("smaller"), () => zoom(-1)),
    button("⤢", word("whole"), () => container.dispatchEvent(new Event("bd:fit"))),
  );
  container.append(bar);
}

function button(sign, name, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = sign;
  made.title = name;
  made.setAttribute("aria-label", name);
  made.addEventListener("click", act);
  return made;
}
