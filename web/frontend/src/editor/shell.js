/** The frame of the editor: toolbar, canvas, properties, problems. */
import { element as el } from "../page/dom.js";

export function buildShell(mount, word) {
  const tool = (name, sign) => {
    const button = el("button", { type: "button", className: "bde-tool", title: word(name), "aria-label": word(name) }, sign);
    button.dataset.tool = name;
    return button;
  };
  const command = (name, className) => {
    const button = el("button", { type: "button", className }, word(name));
    button.dataset.command = name;
    return button;
  };
  const tools = {
    undo: tool("undo", "↶"), redo: tool("redo", "↷"), smaller: tool("smaller", "−"), larger: tool("larger", "+"), whole: tool("whole", "⤢"),
    download: tool("download", "⤓"),
  };
  const commands = { check: command("check", "btn btn-sm"), save: command("save", "btn btn-sm"), publish: command("publish", "btn btn-sm btn-primary") };
  const state = el("span", { className: "bde-state", role: "status" }, word("unchanged"));
  const notice = el("div", { className: "bd-flash bd-flash--danger bde-notice", role: "alert", hidden: true });
  const bar = el(
    "div",
    { className: "bde-bar", role: "toolbar", "aria-label": word("toolbar") },
    el("div", { className: "bde-tools" }, tools.undo, tools.redo),
    el("div", { className: "bde-tools" }, tools.smaller, tools.larger, tools.whole),
    el("div", { className: "bde-tools" }, tools.download),
    state,
    el("div", { className: "bde-commands" }, commands.check, commands.save, commands.publish),
  );
  const canvas = el("div", { className: "bde-canvas", role: "application", "aria-label": word("editor") });
  const panel = el("div", { className: "bde-panel" });
  const problems = el("section", { className: "bde-problems", "aria-labelledby": "bde-problems-heading" }, el("h2", { id: "bde-problems-heading" }, word("problems")));
  const side = el("aside", { className: "bde-side" }, el("section", { className: "bde-properties", "aria-label": word("panel") }, panel), problems);
  const hint = el("p", { className: "bde-phone-hint" }, word("phone"));
  mount.dataset.ownKeys = "";
  mount.classList.add("bd-editor");
  mount.replaceChildren(notice, hint, bar, el("div", { className: "bde-body bd-always-light" }, canvas, side));
  return { tools, commands, state, notice, canvas, panel, problems };
}
