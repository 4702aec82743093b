import { byDefault } from "@bpmn-io/properties-panel";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule } from "bpmn-js-properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";
import ZeebeBehaviors from "camunda-bpmn-js-behaviors/lib/camunda-cloud";
import zeebeModdle from "zeebe-bpmn-moddle/resources/zeebe.json";

import { fit } from "../viewer/view.js";
import { cataloguePanelModule } from "./catalogue-panel.js";
import { camundaBesideZeebe } from "./moddle/camunda.js";
import spiffworkflowModdle from "./moddle/spiffworkflow.json";
import { offerModule } from "./offer.js";
import { isError, problemList } from "./problems.js";
import { askToPublish } from "./publish-dialog.js";
import { connect, failureText } from "./server.js";
import { buildShell } from "./shell.js";
import { translateModule } from "./translate.js";
import { wordsOf } from "./words.js";

const CHECK_AFTER_MS = 800;
const PALETTE_WIDTH = 100;
const HAS_PALETTE = "(min-width: 768px)";

export async function openEditor(mount, data) {
  const { locale = "fr", csrf = "", processKey } = mount.dataset;
  const word = wordsOf(locale);
  const shell = buildShell(mount, word);
  const post = connect(csrf);
  const modeler = createModeler(shell, data, locale, word);
  const problems = problemList(modeler, word);
  shell.problems.append(problems.summary, problems.list);

  const sent = { base_version: numberOf(mount.dataset.baseVersion), revision: numberOf(mount.dataset.revision) };
  const stack = modeler.get("commandStack");
  let savedAt = -1;
  let isLeaving = false;
  let warnings = [];
  const isChanged = () => stack._stackIdx !== savedAt;

  function say(name, facts) {
    shell.state.textContent = word(name, facts);
    mount.dataset.state = name;
  }

  function complain(text) {
    shell.notice.hidden = !text;
    shell.notice.textContent = text ?? "";
  }

  async function currentXml() {
    const { xml } = await modeler.saveXML({ format: true });
    return xml;
  }

  let checking = null;
  let timer = null;

  /** Asks the server for the problems; an older answer never replaces a newer one. Gives them, or null when there was no answer. */
  async function check() {
    clearTimeout(timer);
    checking?.abort();
    const abort = (checking = new AbortController());
    shell.problems.setAttribute("aria-busy", "true");
    const answer = await post("./check", { bpmn: await currentXml(), ...sent }, abort.signal);
    if (checking !== abort) return null;
    shell.problems.removeAttribute("aria-busy");
    if (answer.kind === "ok" || answer.kind === "problems") {
      complain(null);
      problems.show([...warnings, ...(answer.body.problems ?? [])]);
      mount.dataset.checked = String(Number(mount.dataset.checked ?? 0) + 1);
      return answer.body.problems ?? [];
    }
    if (answer.kind !== "aborted") complain(failureText(answer, word));
    return null;
  }

  async function save() {
    const at = stack._stackIdx;
    say("saving");
    const answer = await busy(shell.commands.save, async () => post("./draft", { bpmn: await currentXml(), ...sent }));
    if (answer.kind !== "ok") {
      say("changed");
      complain(failureText(answer, word));
      return;
    }
    sent.revision = answer.body.revision ?? sent.revision;
    savedAt = at;
    complain(null);
    if (isChanged()) say("changed");
    else say("saved");
  }

  async function publish() {
    const found = await busy(shell.commands.publish, check);
    if (found === null) return;
    const errors = found.filter(isError).length;
    if (errors > 0) {
      complain(word("errorsFirst", { errors }));
      problems.focusFirst();
      return;
    }
    askToPublish(word, async (note) => {
      const answer = await post("./publish", { bpmn: await currentXml(), ...sent, note });
      if (answer.kind === "problems") {
        const found = answer.body.problems ?? [];
        problems.show([...warnings, ...found]);
        complain(found.length ? word("errorsFirst", { errors: found.filter(isError).length }) : failureText(answer, word));
        return null;
      }
      if (answer.kind !== "ok") return failureText(answer, word);
      say("published", { version: answer.body.version });
      isLeaving = true;
      location.assign(answer.body.url);
      return null;
    });
  }

  function changed() {
    shell.tools.undo.disabled = !stack.canUndo();
    shell.tools.redo.disabled = !stack.canRedo();
    if (isChanged()) say("changed");
    else say(savedAt < 0 ? "unchanged" : "saved");
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  }

  try {
    ({ warnings } = await openDiagram(modeler, data.bpmn, word));
  } catch (error) {
    complain(word("cannotOpen", { reason: error.message }));
    mount.dataset.state = "failed";
    return;
  }
  modeler.on("commandStack.changed", changed);
  wireTools(shell, modeler, async () => offerFile(await currentXml(), `${processKey ?? "process"}.bpmn`));
  shell.commands.check.addEventListener("click", () => busy(shell.commands.check, check));
  shell.commands.save.addEventListener("click", save);
  shell.commands.publish.addEventListener("click", publish);
  addEventListener("beforeunload", (event) => isChanged() && !isLeaving && event.preventDefault());
  mount.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  });
  showWhole(modeler);
  say("unchanged");
  shell.tools.undo.disabled = shell.tools.redo.disabled = true;
  await check();
}

function createModeler(shell, data, locale, word) {
  const translation = translateModule(locale);
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
  return {
    warnings: warnings.map(({ message, element }) => ({ code: "import", element_id: element?.id ?? null, severity: "warning", message: word("openedWith", { reason: message }) })),
  };
}

function wireTools({ tools }, modeler, download) {
  const stack = modeler.get("commandStack");
  const zoom = (by) => () => modeler.get("zoomScroll").stepZoom(by);
  tools.undo.addEventListener("click", () => stack.undo());
  tools.redo.addEventListener("click", () => stack.redo());
  tools.larger.addEventListener("click", zoom(1));
  tools.smaller.addEventListener("click", zoom(-1));
  tools.whole.addEventListener("click", () => showWhole(modeler));
  tools.download.addEventListener("click", download);
}

function showWhole(modeler) {
  fit(modeler, matchMedia(HAS_PALETTE).matches ? PALETTE_WIDTH : 0);
}

function offerFile(xml, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([xml], { type: "application/xml" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function busy(button, work) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

/** A `data-` number as the server's JSON wants it: null when there is none yet. */
function numberOf(text) {
  return text === undefined || text === "" || text === "None" ? null : Number(text);
}
