/** Requests made by htmx carry the token that proves they come from our page (`<meta name="csrf-token">`). */
export function sendToken() {
  document.addEventListener("htmx:config:request", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    if (token) event.detail.ctx.request.headers["X-CSRFToken"] = token;
  });
}
