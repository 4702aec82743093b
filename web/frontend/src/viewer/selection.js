/** One chosen step: on the diagram, in the table of steps, in the address. Gives a function that marks it again on a diagram drawn anew. */
const MARKER = "bd-chosen";
const rowOf = (id) => document.getElementById(`el-${id}`);

export function selection(viewer, first) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  let chosen = null;

  function choose(id) {
    if (chosen && registry.get(chosen)) canvas.removeMarker(chosen, MARKER);
    if (chosen) rowOf(chosen)?.classList.remove("is-selected");
    chosen = id;
    if (chosen && registry.get(chosen)) canvas.addMarker(chosen, MARKER);
    if (chosen) rowOf(chosen)?.classList.add("is-selected");
  }

  function chooseAndRemember(id) {
    choose(id);
    const address = new URL(location.href);
    if (id) address.searchParams.set("el", id);
    else address.searchParams.delete("el");
    history.replaceState(history.state, "", address);
  }

  viewer.on("element.click", ({ element }) => {
    const id = registry.get(element.id)?.labelTarget?.id ?? element.id;
    const isGround = !element.parent;
    chooseAndRemember(isGround ? null : id);
    if (!isGround) rowOf(id)?.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.('[id^="el-"]');
    const id = row?.id.slice("el-".length);
    if (!id || !registry.get(id)) return;
    const link = event.target.closest("a");
    // The link of the row to itself works without us; every other link or button keeps its own meaning.
    if (event.target.closest("button") || (link && !isToSelf(link, id))) return;
    if (link) event.preventDefault();
    chooseAndRemember(id);
    if (link) canvas.scrollToElement(id, 60);
  });
  choose(first ?? new URL(location.href).searchParams.get("el"));
  return () => choose(chosen);
}

function isToSelf(link, id) {
  const to = new URL(link.href);
  return to.hash === `#el-${id}` || (to.pathname === location.pathname && to.searchParams.get("el") === id);
}
