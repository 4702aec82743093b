/**
 * PostCSS: Tabler's dark rules follow the system instead of an attribute.
 *
 * Tabler switches by `data-bs-theme="dark"` on the page, which needs a script before the first paint; our pages follow
 * `prefers-color-scheme`, so each such rule is moved into that media query. Tabler's other spellings of the same thing are dropped.
 */
const DARK = '[data-bs-theme=dark]';

export function systemTheme() {
  return {
    postcssPlugin: "bordereau-system-theme",
    Once(root, { AtRule }) {
      root.walkRules((rule) => {
        if (!rule.selectors.some((selector) => selector.startsWith(DARK)) || isInPrint(rule)) return;
        const selectors = rule.selectors
          .filter((selector) => selector.startsWith(DARK))
          .map((selector) => selector.replace(DARK, ":root"));
        // `color-scheme` itself is declared once, by our tokens.
        rule.walkDecls("color-scheme", (declaration) => declaration.remove());
        const dark = new AtRule({ name: "media", params: "(prefers-color-scheme: dark)" });
        const copy = rule.clone({ selectors });
        dark.append(copy);
        rule.replaceWith(dark);
      });
    },
  };
}
systemTheme.postcss = true;

function isInPrint(rule) {
  return rule.parent?.type === "atrule" && rule.parent.params.includes("print");
}
