/** An element with properties, attributes (`data-…`, `aria-…`) and children, without any HTML text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "for" || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Opens a native modal dialog and removes it from the page once closed. */
export function openDialog(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove(), { once: true });
  dialog.showModal();
  return dialog;
}

/** Says something to screen readers, politely, in the live region that every page has. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}
