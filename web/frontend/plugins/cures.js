/**
 * Vite: the places where a dependency would break our content security policy or fill the console, cured at the source.
 *
 * A cure that no longer finds its place stops the build: then the dependency changed and this list has to be read again.
 */
import { fileURLToPath } from "node:url";

const ENGINE_LINT = fileURLToPath(new URL("../src/workshop/feel.js", import.meta.url));
const COMPLETION = fileURLToPath(new URL("../src/workshop/completion.js", import.meta.url));

const CURES = [
  {
    // Parsed as HTML, the attribute is an inline style; our style sheet gives the container its height instead.
    file: "/bpmn-js-properties-panel/dist/index.esm.js",
    cure: inTurn(
      replaced(
        `'<div style="height: 100%" tabindex="-1" class="bio-properties-panel-container"></div>'`,
        `'<div tabindex="-1" class="bio-properties-panel-container"></div>'`,
      ),
      replaced("import { useContext, useState, useEffect, useMemo, useCallback } from", "import { useContext, useState, useEffect, useMemo, useCallback, useRef } from"),
      // What was typed is written when its element is left; the panel listened for the old element until the next frame, and came back to it.
      replaced("  const selectedElement = state.selectedElement;\n", "  const selectedElement = state.selectedElement;\n  const shown = useRef(element);\n"),
      replaced("    setState({\n      ...state,\n      selectedElement: newSelectedElement\n    });\n", "    shown.current = newSelectedElement;\n    setState({\n      ...state,\n      selectedElement: newSelectedElement\n    });\n"),
      replaced("      const updatedElement = findElement(elements, selectedElement);\n", "      const updatedElement = shown.current === selectedElement && findElement(elements, selectedElement);\n"),
    ),
  },
  {
    // CodeMirror's styles: a constructed style sheet also in a document, where it would otherwise write a <style> element.
    file: "/style-mod/src/style-mod.js",
    cure: replaced("if (!root.head && root.adoptedStyleSheets", "if (root.adoptedStyleSheets"),
  },
  {
    // The panel of bpmn-js hands its translation to some components only; the others would speak English. `editor.js` tells all.
    file: "/@bpmn-io/properties-panel/dist/index.esm.js",
    cure: replaced(
      "function translateFallback(template, replacements) {\n  replacements = replacements || {};\n",
      "export const byDefault = {};\nfunction translateFallback(template, replacements) {\n  if (byDefault.translate) return byDefault.translate(template, replacements);\n  replacements = replacements || {};\n",
    ),
  },
  {
    // bpmn-js itself calls what diagram-js calls deprecated, at every "change type".
    file: "/diagram-js/lib/features/context-pad/ContextPad.js",
    cure: replaced(
      "  console.warn(new Error('ContextPad#getPad is deprecated and will be removed in future library versions, cf. https://github.com/bpmn-io/diagram-js/pull/888'));\n",
      "",
    ),
  },
  {
    // Markup with styles, such as the bpmn.io mark in dmn-js (whose own source is not ours to change): the styles are set on the elements.
    file: "/domify/index.js",
    cure: replaced(
      "element.innerHTML = prefix + htmlString + suffix;",
      `element.innerHTML = prefix + htmlString.replace(/\\sstyle="/g, ' data-style="') + suffix;
	for (const each of element.querySelectorAll("[data-style]")) {
		each.style.cssText = each.dataset.style;
		each.removeAttribute("data-style");
	}`,
    ),
  },
  {
    // FEEL is checked by the engine that runs it; the editor's own grammar would contradict it, in English.
    file: "/@bpmn-io/feel-editor/dist/index.js",
    cure: inTurn(
      replaced("import { cmFeelLinter } from '@bpmn-io/feel-lint';", `import { engineLint } from ${JSON.stringify(ENGINE_LINT)};`),
      replaced("return linter(cmFeelLinter({\n    builtins,\n    engines\n  }));", "return engineLint();"),
      // So are the functions: those of the engine that runs it, and no help in English.
      replaced("import { camundaBuiltins } from '@camunda/feel-builtins';", `import { offeredFunctions, offeredVariables } from ${JSON.stringify(COMPLETION)};`),
      replaced("const domifiedBuiltins = camundaBuiltins.map(builtin => ({\n  ...builtin,\n  info: () => domify(builtin.info),\n}));", ""),
      replaced("import { domify } from 'min-dom';", ""),
      replaced("  builtins = domifiedBuiltins,\n", "  builtins,\n"),
      replaced("  // parse + lint against ALL built-ins", "  builtins = offeredFunctions();\n  variables = offeredVariables(variables);\n\n  // parse + lint against ALL built-ins"),
      replaced("return snippetCompletion$1(snippets);", "return snippetCompletion$1(snippets.map(({ detail: _english, ...each }) => each));"),
    ),
  },
  {
    // A filter given as text would become code, which our policy forbids; nobody gives one.
    file: "/selection-ranges/dist/index.js",
    cure: replaced("return new Function('node', 'Object.freeze(node); return ' + props(expr, 'node.'))", "throw new TypeError(expr)"),
  },
  // Underlines drawn as `data:` pictures; ours are in editor.css.
  { file: "/@codemirror/lint/dist/index.js", cure: replaced("function underline(color) {\n", 'function underline() {\n    return "none";\n') },
  { file: "/@bpmn-io/cm-theme/dist/index.js", cure: replaced("const squiggle = color => ", 'const squiggle = color => "none" || ') },
  // A heading that says nothing is none for a screen reader.
  { file: "/dmn-js-decision-table/lib/features/decision-table-head/components/DecisionTableHead.js", cure: replaced('createVNode(1, "th", "index-column")', 'createVNode(1, "th", "index-column", "#", 0)') },
  // Words of dmn-js that never reach its translation.
  { file: "/dmn-js-decision-table/lib/features/context-menu/ContextMenu.js", cure: translated('"Decision table context menu"', "this._translate") },
  { file: "/dmn-js-decision-table/lib/features/simple-duration-edit/components/InputDurationEdit.js", cure: translated('createTextVNode("Value")', "this._translate") },
  { file: "/dmn-js-shared/lib/components/List.js", cure: translated('"Remove item"', "this.context.injector.get('translate')") },
  {
    file: "/dmn-js-boxed-expression/lib/features/element-variable/components/ElementVariableEditorComponent.js",
    cure: inTurn(translated('createTextVNode("Result")', "translate"), translated('createTextVNode("Result type")', "translate")),
  },
  { file: "/dmn-js-decision-table/lib/features/type-ref/components/TypeRefCellContextMenu.js", cure: replaced('[label, createTextVNode(":")]', '[this._translate("Type:")]') },
  // The menu of the last column would be cut off at the edge of the table.
  { file: "/table-js/lib/features/context-menu/components/ContextMenuComponent.js", cure: replaced("left = alignment ? left : clampNumber(left, ", "left = clampNumber(left, ") },
  // One English word for a type and for a hit policy: the blank, which nobody sees, tells them apart.
  { file: "/dmn-js-decision-table/lib/features/hit-policy/HitPolicies.js", cure: replaced("label: 'Any',", "label: 'Any ',") },
  {
    // The field of a list shows the words of what is chosen, as the list does, and takes them back.
    file: "/dmn-js-shared/lib/components/InputSelect.js",
    cure: inTurn(
      replaced('"value": value,\n      "id": id', '"value": label,\n      "id": id'),
      replaced("this.onChange(value);\n  };\n  onOptionClick", "this.onChange((this.props.options || []).find(({ label }) => label === value)?.value ?? value);\n  };\n  onOptionClick"),
    ),
  },
  { file: "/bpmn-js/lib/features/align-elements/AlignElementsIcons.js", cure: stylesAsAttributes },
  { file: "/bpmn-js/lib/features/distribute-elements/DistributeElementsIcons.js", cure: stylesAsAttributes },
];

export function cures() {
  const waiting = new Set(CURES);
  return {
    name: "bordereau:cures",
    enforce: "pre",
    transform(code, id) {
      const found = CURES.find(({ file }) => id.split("?")[0].endsWith(file));
      if (!found) return null;
      const cured = found.cure(code);
      if (cured === null) this.error(`cure for ${found.file} does not fit any more`);
      waiting.delete(found);
      return { code: cured, map: null };
    },
    buildEnd(error) {
      if (!error && waiting.size > 0) this.error(`unused cures: ${[...waiting].map(({ file }) => file).join(", ")}`);
    },
  };
}

/** Replaces what stands exactly once; null when it does not. */
function replaced(from, to) {
  return (code) => (code.split(from).length === 2 ? code.replace(from, () => to) : null);
}

/** Several cures of one file. */
function inTurn(...steps) {
  return (code) => steps.reduce((cured, step) => (cured === null ? null : step(cured)), code);
}

/** A text, or a text node, goes through `translate`. */
function translated(from, translate) {
  return replaced(from, from.replace(/"(.*)"/, (text) => `${translate}(${text})`));
}

/** Icons drawn as SVG text: `style="fill:none;stroke-width:100;"` says the same as the attributes `fill="none" stroke-width="100"`. */
function stylesAsAttributes(code) {
  if (!/ style="/.test(code)) return null;
  return code.replace(/ style="([^"]*)"/g, (_all, style) =>
    style
      .split(";")
      .filter(Boolean)
      .map((each) => each.split(":"))
      .map(([name, value]) => ` ${name.trim()}="${value.trim()}"`)
      .join(""),
  );
}
