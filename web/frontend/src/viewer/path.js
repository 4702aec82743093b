/** What a case did, on its diagram: colours, and badges that say the same in words. Ids that the diagram does not know are left out. */
import { word } from "./words.js";

const INK_TAKEN = "#1d4a80";

/** Names in the reader's language, before anything is drawn. */
export function nameElements(elementsById, labels) {
  for (const [id, name] of Object.entries(labels)) if (elementsById[id] && typeof name === "string") elementsById[id].name = name;
  // a pool is called what its process is called: the words of a bundle do not know the pool
  for (const each of Object.values(elementsById)) {
    const name = each.$type === "bpmn:Participant" && labels[each.processRef?.id];
    if (typeof name === "string") each.name = name;
  }
}

/** Flows that were taken get their colour in the drawing data itself, so that their arrow heads have it too. */
export function drawTaken(definitions, taken) {
  for (const diagram of definitions.diagrams ?? []) {
    for (const shape of diagram.plane?.planeElement ?? []) {
      if (taken.has(shape.bpmnElement?.id)) shape.set("bioc:stroke", INK_TAKEN);
    }
  }
}

export function drawPath(viewer, elements) {
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const [id, counts] of Object.entries(elements)) {
    const element = registry.get(id);
    if (!element || element.waypoints) continue;
    const state = stateOf(counts);
    if (!state) continue;
    canvas.addMarker(id, `bd-${state}`);
    // A pool or an expanded sub-process would be covered by its badge's meaning: only steps carry one.
    if (element.children?.length && !element.collapsed) continue;
    overlays.add(id, "bd-count", { position: position(element), html: badge(state, counts), show: { minZoom: 0.35 } });
  }
}

/** Where the badge hides no label: right corner of a task, above an event (its name is below), below a gateway (its name is above). */
function position({ type, width }) {
  if (type.endsWith("Gateway")) return { bottom: 10, left: -14 };
  return width < 60 ? { top: -14, left: -12 } : { top: -11, right: 14 };
}

/** The one state that a step is shown in: what still runs matters more than what ended. */
export function stateOf({ entered = 0, completed = 0, active = 0, cancelled = 0 }) {
  if (active > 0) return "active";
  if (completed > 0) return "completed";
  if (cancelled > 0) return "cancelled";
  return entered > 0 ? "completed" : null;
}

function badge(state, { active = 0, completed = 0, entered = 0 }) {
  const count = state === "active" ? active : Math.max(completed, entered);
  const text = { active: word(active > 1 ? "activeMany" : "active", { n: active }), completed: word(count > 1 ? "completedMany" : "completed", { n: count }), cancelled: word("cancelled") }[state];
  const made = document.createElement("span");
  made.className = `bd-count bd-count--${state}`;
  made.title = text;
  const shown = { active: count > 1 ? `● ${count}` : "●", completed: count > 1 ? `✓ ${count}` : "✓", cancelled: "✕" }[state];
  const mark = document.createElement("span");
  mark.setAttribute("aria-hidden", "true");
  mark.textContent = shown;
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.textContent = text;
  made.append(mark, spoken);
  return made;
}
