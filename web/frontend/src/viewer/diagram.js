import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

import { drawPath, drawTaken, nameElements } from "./path.js";
import { keepInView, zoomButtons } from "./view.js";
import { selection } from "./selection.js";
import { standing } from "./standing.js";
import { word } from "./words.js";

/** Fetches and draws one diagram; `data-state` of the container tells tests and styles how that went. */
export async function showDiagram(container) {
  container.dataset.state = "loading";
  container.closest(".bd-diagram")?.classList.add("bd-always-light");
  let path = readPath(container.dataset.pathSrc);
  let xml;
  const viewer = new NavigatedViewer({ container, zoomScroll: { enabled: false } });
  viewer.on("import.parse.complete", ({ definitions, elementsById }) => {
    if (!definitions) return;
    nameElements(elementsById, path.labels);
    drawTaken(definitions, new Set(path.flows));
  });
  try {
    const answer = await fetch(container.dataset.diagramSrc, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    xml = await answer.text();
    await viewer.importXML(xml);
  } catch (error) {
    viewer.destroy();
    container.replaceChildren(failure());
    container.dataset.state = "failed";
    container.dataset.reason = error.message;
    return;
  }
  const seen = () => path.selected ?? standing(path.elements, parents(viewer));
  describe(container);
  drawPath(viewer, path.elements);
  const inView = keepInView(viewer, container, seen());
  zoomButtons(viewer, container);
  const chooseAgain = selection(viewer, path.selected);
  container.dataset.state = "ready";
  follow(container.dataset.pathSrc, async () => {
    container.dataset.state = "loading";
    path = readPath(container.dataset.pathSrc);
    await inView.during(() => viewer.importXML(xml), seen);
    describe(container);
    drawPath(viewer, path.elements);
    chooseAgain();
    container.dataset.state = "ready";
  });
}

/** Calls `redraw` each time when a page that looks again by itself puts other facts where the path of the case is read from. */
function follow(selector, redraw) {
  const source = selector && document.querySelector(selector);
  if (!source) return;
  let known = source.textContent;
  let drawn = Promise.resolve();
  new MutationObserver(() => {
    const now = document.querySelector(selector)?.textContent ?? known;
    if (now === known) return;
    known = now;
    drawn = drawn.then(redraw);
  }).observe(source.parentElement, { childList: true });
}

function readPath(selector) {
  const source = selector && document.querySelector(selector);
  const { elements = {}, flows = [], selected = null, labels = {} } = source ? JSON.parse(source.textContent) : {};
  return { elements, flows, selected, labels };
}

/** Gives of the id of an element the id of what it lies in; nothing of what this diagram does not have. */
function parents(viewer) {
  const registry = viewer.get("elementRegistry");
  return (id) => registry.get(id)?.parent?.id;
}

/** Shapes cannot be read aloud; the drawing says what it is and where the same facts stand as text. */
function describe(container) {
  const svg = container.querySelector("svg[data-element-id], .djs-container svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", container.getAttribute("aria-label") ?? word("diagram"));
}

function failure() {
  const text = document.createElement("p");
  text.className = "bd-diagram-failure";
  text.setAttribute("role", "alert");
  text.textContent = word("failed");
  return text;
}
