/** Which rows of a decision file the stories reach: the times beside each row's number, and the rows that none reaches as a list. */
import { element as el } from "../page/dom.js";
import { described, placesOf } from "./places.js";

/** `reveal(id)` shows a row. Gives `show(found)`, `hide()`, `missed(found)` and `legend`, as the examination's report wants them. */
export function rowCoverage({ dmn, canvas, word, reveal }) {
  const legend = el("p", { className: "bde-legend" }, el("span", { className: "bde-legend-row" }, word("legendRows")), el("span", { className: "bde-legend-row bde-legend-row--never" }, word("legendNever")));
  let times = null; // by row, while it is shown

  function show(found) {
    times = new Map(rowsOf(found));
    mark();
  }

  function hide() {
    times = null;
    mark();
  }

  /** By attribute: what dmn-js draws again keeps attributes that it does not know. */
  function mark() {
    for (const cell of canvas.querySelectorAll("td.rule-index")) {
      const count = times?.get(cell.dataset.elementId);
      if (count === undefined) delete cell.dataset.times;
      else if (cell.dataset.times !== `${count}×`) cell.dataset.times = `${count}×`;
    }
  }

  function missed(found) {
    const places = placesOf(dmn.getDefinitions());
    return rowsOf(found)
      .filter(([id, count]) => count === 0 && places.has(id))
      .map(([id]) => ({ text: described(places.get(id), word), reveal: () => reveal(id) }));
  }

  // What is drawn anew (another view, a row that moved) comes without marks.
  new MutationObserver(() => times && mark()).observe(canvas, { childList: true, subtree: true });
  return { show, hide, missed, legend };
}

const rowsOf = ({ rules = {} }) => Object.values(rules).flatMap((rows) => Object.entries(rows));
