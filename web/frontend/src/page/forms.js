/** A form that is on its way is not sent a second time; coming back to the page with the browser's button frees it. */
export function submitOnce() {
  const sent = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sent.clear();
    for (const busy of document.querySelectorAll("button[aria-busy]")) busy.removeAttribute("aria-busy");
  });
}

/** `data-guard-unsaved`: leaving the page with typed answers asks first (the browser's own question). */
export function guardUnsaved() {
  const touched = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.hasAttribute("data-guard-unsaved")) touched.add(form);
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) touched.delete(event.target);
  });
  addEventListener("beforeunload", (event) => {
    if ([...touched].some((form) => form.isConnected)) event.preventDefault();
  });
}
