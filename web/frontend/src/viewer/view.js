/** How much of a diagram is seen: all of it, with air around, again after every change of size, until the reader moves it. */
import { word } from "./words.js";

const AIR = 24;
// The bpmn.io mark stands at the foot, where nothing may lie over or under it.
const FOOT = 48;
const LARGEST = 1.2;
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

/** Gives the frame the height that the whole diagram takes at its width, within three quarters of the window. */
function setHeight(viewer, frame) {
  const { inner } = viewer.get("canvas").viewbox();
  if (!inner.width) return;
  const scale = Math.min((frame.clientWidth - 2 * AIR) / inner.width, LARGEST);
  const height = Math.min(Math.max(inner.height * scale + AIR + FOOT, 180), innerHeight * 0.75);
  frame.style.setProperty("--bd-diagram-height", `${Math.round(height)}px`);
}

export function keepInView(viewer, container) {
  const frame = container.closest(".bd-diagram") ?? container;
  let isMoved = false;
  let isFitting = false;
  const refit = () => {
    isFitting = true;
    setHeight(viewer, frame);
    fit(viewer);
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
    refit();
  });
  addEventListener("afterprint", () => {
    frame.classList.remove(PRINTED_WIDTH);
    refit();
  });
  container.addEventListener("bd:fit", () => {
    isMoved = false;
    refit();
  });
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
