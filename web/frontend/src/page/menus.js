/** `.bd-menu` (a `<details>`) closes like a menu: by Escape, by a click elsewhere. */
export function closeMenusOutside() {
  const open = () => document.querySelectorAll(".bd-menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
