/** `#offline` of the page shows while there is no network, or when a request found no server. */
export function watchConnection() {
  const notice = document.getElementById("offline");
  if (!notice) return;
  const show = () => (notice.hidden = false);
  const hide = () => (notice.hidden = true);
  addEventListener("offline", show);
  addEventListener("online", hide);
  document.addEventListener("htmx:error", (event) => event.detail.error instanceof TypeError && show());
  document.addEventListener("htmx:after:request", hide);
  if (navigator.onLine === false) show();
}
