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
  const path = readPath(container.dataset.pathSrc);
  const viewer = new NavigatedViewer({ container, zoomScroll: { enabled: false } });
  viewer.on("import.parse.complete", ({ definitions, elementsById }) => {
    if (!definitions) return;
    nameElements(elementsById, path.labels);
    drawTaken(definitions, new Set(path.flows));
  });
  try {
    const answer = await fetch(container.dataset.diagramSrc, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    await viewer.importXML(await answer.text());
  } catch (error) {
    viewer.destroy();
    container.replaceChildren(failure());
    container.dataset.state = "failed";
    container.dataset.reason = error.message;
    return;
  }
  describe(container);
  drawPath(viewer, path.elements);
  keepInView(viewer, container, path.selected ?? standing(path.elements, parents(viewer)));
  zoomButtons(viewer, container);
  selection(viewer, path.selected);
  container.dataset.state = "ready";
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
