/** The frame of an editor: notice, toolbar with the state of the draft, and the body that the editor fills. */
import { element as el } from "../page/dom.js";

const SIGNS = { undo: "↶", redo: "↷", smaller: "−", larger: "+", whole: "⤢", download: "⤓", openFile: "⤒" };

/** `groups`: names of tools, e.g. `[["undo", "redo"], ["download"]]`. Gives the parts; `body` is still empty. */
export function buildShell(mount, word, groups) {
  const tools = Object.fromEntries(groups.flat().map((name) => [name, tool(name, word)]));
  const commands = { check: command("check", "btn btn-sm", word), save: command("save", "btn btn-sm", word), publish: command("publish", "btn btn-sm btn-primary", word) };
  const state = el("span", { className: "bde-state", role: "status" }, word("unchanged"));
  const notice = el("div", { className: "bd-flash bd-flash--danger bde-notice", role: "alert", hidden: true });
  const bar = el(
    "div",
    { className: "bde-bar", role: "toolbar", "aria-label": word("toolbar") },
    ...groups.map((names) => el("div", { className: "bde-tools" }, ...names.map((name) => tools[name]))),
    state,
    el("div", { className: "bde-commands" }, commands.check, commands.save, commands.publish),
  );
  const problems = el("section", { className: "bde-problems", "aria-labelledby": "bde-problems-heading" }, el("h2", { id: "bde-problems-heading" }, word("problems")));
  const findings = el("div", { className: "bde-findings" }, problems);
  const body = el("div", { className: "bde-body bd-always-light" });
  mount.dataset.ownKeys = "";
  mount.classList.add("bd-editor");
  mount.replaceChildren(notice, el("p", { className: "bde-phone-hint" }, word("phone")), bar, body);
  return { tools, commands, state, notice, problems, findings, body };
}

function tool(name, word) {
  const button = el("button", { type: "button", className: "bde-tool", title: word(name), "aria-label": word(name) }, SIGNS[name]);
  button.dataset.tool = name;
  return button;
}

function command(name, className, word) {
  const button = el("button", { type: "button", className }, word(name));
  button.dataset.command = name;
  return button;
}
