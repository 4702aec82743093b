/**
 * bpmn-js and dmn-js ask for every text through `translate`. What the dictionary lacks is shown in English and noted in
 * `window.bordereauUntranslated`, which a browser test wants empty.
 */
export function translateModule(locale, french) {
  const dictionary = locale === "fr" ? french : null;
  const missing = (globalThis.bordereauUntranslated = new Set());
  const translate = (template, replacements = {}) => {
    let text = template;
    if (dictionary && template) {
      const found = [template, sentenceCase(template)].find((key) => Object.hasOwn(dictionary, key));
      if (found) text = dictionary[found];
      else missing.add(template);
    }
    // dmn-js pads some of its names: "{ sample }".
    return text.replace(/\{([^}]+)\}/g, (all, padded) => (padded.trim() in replacements ? replacements[padded.trim()] : all));
  };
  return { translate: ["value", translate] };
}

/** The panel's heading names types in title case ("Timer Boundary Event (Non Interrupting)"), the menus as a sentence. */
function sentenceCase(text) {
  const words = text.replace("Non Interrupting", "non-interrupting");
  return words.charAt(0) + words.slice(1).toLowerCase();
}
