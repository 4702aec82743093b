/**
 * Vite: the places where a dependency would break our content security policy or fill the console, cured at the source.
 *
 * A cure that no longer finds its place stops the build: then the dependency changed and this list has to be read again.
 */
const CURES = [
  {
    // Parsed as HTML, the attribute is an inline style; our style sheet gives the container its height instead.
    file: "/bpmn-js-properties-panel/dist/index.esm.js",
    from: `'<div style="height: 100%" tabindex="-1" class="bio-properties-panel-container"></div>'`,
    to: `'<div tabindex="-1" class="bio-properties-panel-container"></div>'`,
  },
  {
    // CodeMirror's styles: a constructed style sheet also in a document, where it would otherwise write a <style> element.
    file: "/style-mod/src/style-mod.js",
    from: "if (!root.head && root.adoptedStyleSheets",
    to: "if (root.adoptedStyleSheets",
  },
  {
    // bpmn-js itself calls what diagram-js calls deprecated, at every "change type".
    file: "/diagram-js/lib/features/context-pad/ContextPad.js",
    from: "  console.warn(new Error('ContextPad#getPad is deprecated and will be removed in future library versions, cf. https://github.com/bpmn-io/diagram-js/pull/888'));\n",
    to: "",
  },
];

export function cures() {
  const waiting = new Set(CURES);
  return {
    name: "bordereau:cures",
    enforce: "pre",
    transform(code, id) {
      for (const cure of CURES) {
        if (!id.split("?")[0].endsWith(cure.file)) continue;
        if (code.split(cure.from).length !== 2) this.error(`cure for ${cure.file} does not fit any more`);
        waiting.delete(cure);
        return { code: code.replace(cure.from, cure.to), map: null };
      }
      return null;
    },
    buildEnd(error) {
      if (!error && waiting.size > 0) this.error(`unused cures: ${[...waiting].map((cure) => cure.file).join(", ")}`);
    },
  };
}
