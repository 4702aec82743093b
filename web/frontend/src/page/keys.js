/**
 * Single-key shortcuts: j and k move along `a[data-row]`, Enter opens, `[data-key]` names the key of a button, link or field, ? explains.
 * They can be switched off (WCAG 2.1.4) in the help or by `[data-shortcuts-switch]`; the choice stays in this browser.
 */
import { announce, element, openDialog } from "./dom.js";
import { word } from "./words.js";

const STORED = "bordereau.shortcuts";
const isOn = () => localStorage.getItem(STORED) !== "off";

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !isOn()) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (act(event.key)) event.preventDefault();
  });
  for (const choice of switches()) choice.checked = isOn();
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts-switch]")) remember(event.target.checked);
  });
}

const switches = () => document.querySelectorAll("[data-shortcuts-switch]");

function remember(on) {
  localStorage.setItem(STORED, on ? "on" : "off");
  for (const choice of switches()) choice.checked = on;
}

function isTyping(target) {
  const field = target.closest?.("input, textarea, select, [contenteditable], [data-own-keys]");
  return Boolean(field) && !["checkbox", "radio", "button", "submit"].includes(field.type);
}

/** Does what the key stands for; false when it stands for nothing here. Enter is the browser's: the row's link has the focus. */
function act(key) {
  if (key === "j") return step(1);
  if (key === "k") return step(-1);
  if (key === "?") return showHelp();
  const target = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key && each.checkVisibility());
  if (!target) return false;
  if (target.matches("input, textarea, select")) {
    target.focus();
    target.select?.();
  } else target.click();
  return true;
}

function step(by) {
  const links = [...document.querySelectorAll("a[data-row]")].filter((link) => link.checkVisibility());
  if (links.length === 0) return false;
  const focused = links.indexOf(document.activeElement);
  const from = focused < 0 ? links.findIndex((link) => link.getAttribute("aria-current") === "true") : focused;
  const next = Math.min(Math.max(from + by, 0), links.length - 1);
  links[next].focus({ focusVisible: true });
  links[next].scrollIntoView({ block: "nearest" });
  announce(word("row", { n: next + 1, all: links.length }));
  return true;
}

function showHelp() {
  const list = element("dl", { className: "bd-keys" });
  const explained = [["j", "keyNext"], ["k", "keyPrevious"], [word("enter"), "keyOpen"], ["e", "keyAct"], ["/", "keySearch"], ["?", "keyHelp"]];
  for (const [key, name] of explained) list.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, word(name)));
  const tick = element("input", { type: "checkbox", className: "form-check-input", checked: isOn(), "data-shortcuts-switch": "" });
  const choice = element("label", { className: "form-check" }, tick, element("span", { className: "form-check-label" }, word("keysOn")));
  const close = element("button", { type: "submit", className: "btn btn-primary", autofocus: true }, word("close"));
  const heading = element("h2", { id: "bd-keys-heading" }, word("keys"));
  const form = element("form", { method: "dialog" }, heading, list, choice, element("div", { className: "bd-dialog-actions" }, close));
  openDialog(element("dialog", { className: "bd-dialog", "aria-labelledby": heading.id }, form));
  return true;
}
