/** An element as people call it: by its name, a flow also by what it connects. */
export function placeOf({ id, businessObject, source, target }) {
  const { name } = businessObject;
  return source && target ? `${placeOf(source)} → ${name || placeOf(target)}` : name || id;
}

/** Selects an element of the diagram and brings it into view; what the diagram does not have is left alone. */
export function revealer(modeler) {
  const canvas = modeler.get("canvas");
  const registry = modeler.get("elementRegistry");
  return function reveal(id) {
    const target = registry.get(id);
    if (!target) return;
    showRootOf(canvas, target);
    modeler.get("selection").select(target);
    canvas.scrollToElement(target, { top: 80, bottom: 80, left: 120, right: 80 });
  };
}

/** Shows the plane (a collapsed sub-process has its own) that an element stands in. */
export function showRootOf(canvas, target) {
  const root = canvas.findRoot(target);
  if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
}
