/** The views of a decision file as tabs: the overview (DRD), then one for each decision. Arrow keys move between them. */
import { element as el } from "../page/dom.js";

export function viewTabs(dmn, panel, word, open) {
  const bar = el("div", { className: "bde-tabs", role: "tablist", "aria-label": word("views") });
  panel.id = "bde-view";
  panel.setAttribute("role", "tabpanel");

  function show(views, active) {
    const hadFocus = bar.contains(document.activeElement);
    bar.replaceChildren(...views.map((view) => tab(view, view.id === active?.id)));
    if (active) panel.setAttribute("aria-labelledby", tabId(active));
    if (hadFocus) bar.querySelector("[aria-selected=true]")?.focus();
  }

  function tab(view, isActive) {
    const text = view.type === "drd" ? word("drd") : view.name || word("unnamed");
    const button = el("button", { type: "button", className: "bde-tab", id: tabId(view), role: "tab", tabIndex: isActive ? 0 : -1, "aria-selected": String(isActive), "aria-controls": panel.id }, text);
    button.dataset.view = view.type;
    button.addEventListener("click", () => isActive || open(view));
    return button;
  }

  bar.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const tabs = [...bar.children];
    const at = tabs.indexOf(document.activeElement);
    if (step === undefined || at < 0) return;
    const next = tabs.at((at + step) % tabs.length);
    next.focus();
    next.click();
  });
  dmn.on("views.changed", ({ views, activeView }) => show(views.filter(isShown), activeView));
  return bar;
}

/** The overview needs positions; a file without them (not drawn yet) opens its decisions directly. */
export function isShown(view) {
  return view.type !== "drd" || Boolean(view.element.get("dmnDI"));
}

const tabId = (view) => `bde-tab-${view.id}`;
