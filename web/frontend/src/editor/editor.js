import { byDefault } from "@bpmn-io/properties-panel";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule } from "bpmn-js-properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";
import ZeebeBehaviors from "camunda-bpmn-js-behaviors/lib/camunda-cloud";

import { fit } from "../viewer/view.js";
import { offerInExpressions } from "../workshop/completion.js";
import { examinationPanel } from "../workshop/examination-panel.js";
import { checkExpressions } from "../workshop/feel.js";
import { openSession } from "../workshop/session.js";
import { storyFiles } from "../workshop/stories.js";
import { translateModule } from "../workshop/translate.js";
import { wordsOf } from "../workshop/words.js";
import { cataloguePanelModule } from "./catalogue-panel.js";
import { coveragePaint } from "./coverage.js";
import { decisionPages } from "./decisions.js";
import { camundaBesideZeebe } from "./moddle/camunda.js";
import spiffworkflowModdle from "./moddle/spiffworkflow.json";
import { placeOf, revealer } from "./names.js";
import { offerModule } from "./offer.js";
import { player } from "./player.js";
import { problemList } from "./problems.js";
import { buildDiagramShell } from "./shell.js";
import { FRENCH } from "./translations/fr.js";
import { variablesOf } from "./variables.js";
import { WORDS } from "./words.js";
import { zeebeModdle } from "./zeebe.js";

const PALETTE_WIDTH = 100;
const HAS_PALETTE = "(min-width: 768px)";

export async function openEditor(mount, data) {
  offerInExpressions(data);
  const { locale = "fr", processKey = "process" } = mount.dataset;
  const word = wordsOf(locale, WORDS);
  const shell = buildDiagramShell(mount, word);
  const pages = decisionPages(data, word);
  const modeler = createModeler(shell, { ...data, pages }, locale, word);
  const reveal = revealer(modeler);
  const problems = problemList(modeler, word, reveal);
  shell.problems.append(problems.summary, problems.list);
  const registry = modeler.get("elementRegistry");
  const play = player(modeler, word, () => modeler.get("canvas").resized());
  const coverage = coveragePaint(modeler, word, reveal);
  const stories = storyFiles(data.stories);
  const examination = examinationPanel(word, locale, {
    name: (id) => (registry.get(id) ? placeOf(registry.get(id)) : null),
    reveal,
    play,
    coverage,
    stories,
  });
  shell.above.append(play.bar, coverage.legend);
  shell.findings.append(examination.section);
  const stack = modeler.get("commandStack");
  let opened = 0; // how many files were shown: each begins a command stack of its own

  const session = openSession({
    mount,
    shell,
    word,
    given: {
      path: data.path ?? `${processKey}.bpmn`,
      extension: ".bpmn,.xml",
      content: async () => (await modeler.saveXML({ format: true })).xml,
      mark: () => `${opened}:${stack._stackIdx}`,
      open: async (xml) => {
        const before = await modeler.saveXML();
        const warnings = await openDiagram(modeler, xml, word).catch(async (error) => {
          await modeler.importXML(before.xml);
          throw error;
        });
        opened += 1;
        showWhole(modeler);
        return warnings;
      },
      problems,
      examination,
      stories,
    },
  });
  pages.session = session;
  const asked = checkExpressions(
    async (question, signal) => {
      const answer = await session.post(`${session.address}expression`, { ...question, names: variablesOf(modeler.getDefinitions(), data.names) }, signal);
      return answer.kind === "ok" ? (answer.body.problems ?? []) : null;
    },
    {
      elementOf: () => modeler.get("selection").get()[0]?.id,
      kindOf: (dom) => (dom.closest("[data-entry-id=conditionExpression]") ? "condition" : "expression"),
    },
  );

  try {
    const warnings = await openDiagram(modeler, data.bpmn, word);
    modeler.on("commandStack.changed", () => {
      asked.forget();
      play.close();
      refreshUndo();
      session.changed();
    });
    wireTools(shell, modeler);
    showWhole(modeler);
    refreshUndo();
    await session.start(warnings);
  } catch (error) {
    session.fail(error);
  }

  function refreshUndo() {
    shell.tools.undo.disabled = !stack.canUndo();
    shell.tools.redo.disabled = !stack.canRedo();
  }
}

function createModeler(shell, data, locale, word) {
  const translation = translateModule(locale, FRENCH);
  byDefault.translate = translation.translate[1]; // for the parts of the panel that nobody hands it to (plugins/cures.js)
  return new Modeler({
    container: shell.canvas,
    propertiesPanel: { parent: shell.panel },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      ZeebePropertiesProviderModule,
      ZeebeBehaviors,
      CreateAppendAnythingModule,
      offerModule,
      cataloguePanelModule(data, word),
      translation,
    ],
    // Every vocabulary that a file may carry: what is not known here would be lost by copy and paste.
    moddleExtensions: { zeebe: zeebeModdle, camunda: camundaBesideZeebe, spiffworkflow: spiffworkflowModdle },
  });
}

/** Opens the diagram; what the reader of the file grumbled about becomes a warning of the list. */
async function openDiagram(modeler, xml, word) {
  const { warnings } = await modeler.importXML(xml);
  return warnings.map(({ message, element }) => ({ code: "import", element_id: element?.id ?? null, severity: "warning", message: word("openedWith", { reason: message }) }));
}

function wireTools({ tools }, modeler) {
  const stack = modeler.get("commandStack");
  const zoom = (by) => () => modeler.get("zoomScroll").stepZoom(by);
  tools.undo.addEventListener("click", () => stack.undo());
  tools.redo.addEventListener("click", () => stack.redo());
  tools.larger.addEventListener("click", zoom(1));
  tools.smaller.addEventListener("click", zoom(-1));
  tools.whole.addEventListener("click", () => showWhole(modeler));
}

function showWhole(modeler) {
  fit(modeler, matchMedia(HAS_PALETTE).matches ? PALETTE_WIDTH : 0);
}
