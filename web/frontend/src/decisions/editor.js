import Modeler from "dmn-js/lib/Modeler";

import { element as el } from "../page/dom.js";
import { fit } from "../viewer/view.js";
import { offerInExpressions } from "../workshop/completion.js";
import { examinationPanel } from "../workshop/examination-panel.js";
import { checkExpressions } from "../workshop/feel.js";
import { openSession } from "../workshop/session.js";
import { buildShell } from "../workshop/shell.js";
import { storyFiles } from "../workshop/stories.js";
import { translateModule } from "../workshop/translate.js";
import { wordsOf } from "../workshop/words.js";
import { rowCoverage } from "./coverage.js";
import { namesIn } from "./names.js";
import { inKnownEdition } from "./namespaces.js";
import { columnTypeOf, described, placesOf } from "./places.js";
import { problemList } from "./problems.js";
import { isShown, viewTabs } from "./tabs.js";
import { FRENCH } from "./translations/fr.js";
import { WORDS } from "./words.js";

const TOOLS = [["undo", "redo"], ["smaller", "larger", "whole"], ["download", "openFile"]];
const DRAWING = ["smaller", "larger", "whole"];
// The tabs lead to the overview, so that the views need no button of their own for it.
const WITH_TABS = { viewDrd: ["value", null] };
const PALETTE_WIDTH = 100;

export async function openDecisions(mount, { path, dmn: source, names = [], stories: texts, ...offered }) {
  offerInExpressions(offered);
  const { locale = "fr" } = mount.dataset;
  const word = wordsOf(locale, WORDS);
  const shell = buildShell(mount, word, TOOLS);
  const canvas = el("div", { className: "bde-decisions" });
  const dmn = new Modeler({ container: canvas, ...perView(translateModule(locale, FRENCH), WITH_TABS) });
  const problems = problemList({ dmn, canvas, path, word, open: openDecision });
  const tabs = viewTabs(dmn, canvas, word, (view) => dmn.open(view));
  shell.problems.append(problems.summary, problems.list);
  const reveal = (id) => problems.reveal({ element_id: id });
  const coverage = rowCoverage({ dmn, canvas, word, reveal });
  const name = (id) => {
    const place = placesOf(dmn.getDefinitions()).get(id);
    return place ? described(place, word) : null;
  };
  const stories = storyFiles(texts);
  const examination = examinationPanel(word, locale, { name, reveal, coverage, stories });
  shell.findings.append(examination.section);
  shell.body.append(el("div", { className: "bde-main" }, tabs, coverage.legend, canvas), el("aside", { className: "bde-side", "aria-label": word("problems") }, shell.findings));
  shell.body.classList.add("bde-body--decisions");

  // dmn-js keeps a history for each view and drops it with the view: what counts as changed is the text itself.
  let text = null;
  const content = async () => (await dmn.saveXML({ format: true })).xml;
  const stack = () => dmn.getActiveViewer()?.get("commandStack", false);

  const session = openSession({
    mount,
    shell,
    word,
    given: {
      path,
      extension: ".dmn,.xml",
      content,
      mark: () => text,
      open: async (xml) => {
        const before = await content();
        const warnings = await show(dmn, xml, word).catch(async (error) => {
          await show(dmn, before, word);
          throw error;
        });
        text = await content();
        return warnings;
      },
      problems,
      examination,
      stories,
    },
  });
  checkExpressions(
    async (question, signal) => {
      const answer = await session.post(`${session.address}expression`, { ...question, names: namesIn(dmn.getDefinitions(), names) }, signal);
      return answer.kind === "ok" ? (answer.body.problems ?? []) : null;
    },
    {
      elementOf,
      typeOf: (dom) => columnTypeOf(elementOf(dom), placesOf(dmn.getDefinitions())),
      kindOf: (dom) => (dom.closest("td.input-cell") ? "tests" : "expression"),
    },
  );

  // A click on what takes no focus gives it to the page around the editor: dmn-js would take that for leaving the menu that was clicked.
  document.addEventListener("focusin", (event) => event.target.contains(mount) && event.stopImmediatePropagation(), true);

  dmn.on("viewer.created", ({ viewer }) => viewer.on("commandStack.changed", edited));
  dmn.on("views.changed", refreshTools);
  wireTools(shell.tools, dmn, stack);
  try {
    const warnings = await show(dmn, source, word);
    text = await content();
    await session.start(warnings);
  } catch (error) {
    session.fail(error);
  }

  /** A change, also of the kind that only empties the history because another view was opened. */
  async function edited() {
    refreshTools();
    const now = await content();
    if (now === text) return;
    text = now;
    session.changed();
  }

  function refreshTools() {
    shell.tools.undo.disabled = !stack()?.canUndo();
    shell.tools.redo.disabled = !stack()?.canRedo();
    for (const name of DRAWING) shell.tools[name].hidden = dmn.getActiveView()?.type !== "drd";
  }

  async function openDecision(decision) {
    const view = dmn.getView(decision) ?? dmn.getViews().find(isShown);
    if (view && view !== dmn.getActiveView()) await dmn.open(view);
  }
}

const elementOf = (dom) => dom.closest("[data-element-id]")?.dataset.elementId;

/** dmn-js overwrites the modules that are common to its views with those of one view: each is given all. */
function perView(...additionalModules) {
  const views = ["drd", "decisionTable", "literalExpression", "boxedExpression"];
  return Object.fromEntries(views.map((view) => [view, { additionalModules }]));
}

/** Opens the file at its first table. Gives what the reader grumbled about; throws when nothing can be shown, or would be lost. */
async function show(dmn, source, word) {
  const { xml, isRenamed } = inKnownEdition(source);
  const { warnings } = await dmn.importXML(xml, { open: false });
  if (isRenamed && warnings.length) throw new Error(word("laterEdition", { reason: warnings[0].message }));
  const views = dmn.getViews().filter(isShown);
  const first = views.find((view) => view.type === "decisionTable") ?? views.find((view) => view.type !== "drd") ?? views[0];
  if (!first) throw new Error(word("nothingToShow"));
  await dmn.open(first);
  return warnings.map(({ message }) => ({ code: "import", element_id: null, severity: "warning", message: word("openedWith", { reason: message }) }));
}

function wireTools(tools, dmn, stack) {
  const zoom = (by) => () => dmn.getActiveViewer().get("zoomScroll").stepZoom(by);
  tools.undo.addEventListener("click", () => stack()?.undo());
  tools.redo.addEventListener("click", () => stack()?.redo());
  tools.larger.addEventListener("click", zoom(1));
  tools.smaller.addEventListener("click", zoom(-1));
  tools.whole.addEventListener("click", () => fit(dmn.getActiveViewer(), PALETTE_WIDTH));
  dmn.on("import.render.complete", ({ view, error }) => !error && view.type === "drd" && fit(dmn.getActiveViewer(), PALETTE_WIDTH));
}
