/** PostCSS: of the formats that a font is offered in, only woff2 is shipped; every browser that we support reads it. */
const ADDRESS = /url\([^)]*\.woff2[^)]*\)\s*format\((["']?)woff2\1\)/;

export function woff2Only() {
  return {
    postcssPlugin: "bordereau-woff2-only",
    AtRule: {
      "font-face": (rule) => {
        rule.walkDecls("src", (declaration) => {
          const kept = ADDRESS.exec(declaration.value);
          if (!kept) declaration.remove();
          else if (kept[0] !== declaration.value) declaration.value = kept[0];
        });
      },
    },
  };
}
woff2Only.postcss = true;
