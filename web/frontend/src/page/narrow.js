/** `details[data-open-narrow]` begins open on a narrow screen: there the table says what a drawing is too small to say. */
export function openOnNarrow() {
  if (!matchMedia("(max-width: 599.98px)").matches) return;
  for (const details of document.querySelectorAll("details[data-open-narrow]")) details.open = true;
}
