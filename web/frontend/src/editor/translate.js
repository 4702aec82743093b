/**
 * bpmn-js asks for every text through `translate`. What the dictionary lacks is shown in English and noted in
 * `window.bordereauUntranslated`, which a browser test wants empty.
 */
import { FRENCH } from "./translations/fr.js";

export function translateModule(locale) {
  const dictionary = locale === "fr" ? FRENCH : null;
  const missing = (globalThis.bordereauUntranslated = new Set());
  const translate = (template, replacements = {}) => {
    let text = template;
    if (dictionary && template) {
      const found = [template, sentenceCase(template)].find((key) => Object.hasOwn(dictionary, key));
      if (found) text = dictionary[found];
      else missing.add(template);
    }
    return text.replace(/\{([^}]+)\}/g, (all, key) => (key in replacements ? replacements[key] : all));
  };
  return { translate: ["value", translate] };
}

/** The panel's heading names types in title case ("Timer Boundary Event (Non Interrupting)"), the menus as a sentence. */
function sentenceCase(text) {
  const words = text.replace("Non Interrupting", "non-interrupting");
  return words.charAt(0) + words.slice(1).toLowerCase();
}
