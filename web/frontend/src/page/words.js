/** The few sentences that scripts say by themselves, in the language of the page. */
const WORDS = {
  fr: {
    confirm: "Confirmer",
    cancel: "Annuler",
    close: "Fermer",
    sure: "Confirmez-vous cette action ?",
    keys: "Raccourcis clavier",
    keyNext: "Ligne suivante",
    keyPrevious: "Ligne précédente",
    keyOpen: "Ouvrir la ligne",
    keyAct: "Action principale",
    keySearch: "Rechercher",
    keyHelp: "Cette aide",
    keysOn: "Activer les raccourcis d’une seule touche",
    enter: "Entrée",
    row: "Ligne {n} sur {all}",
  },
  en: {
    confirm: "Confirm",
    cancel: "Cancel",
    close: "Close",
    sure: "Do you confirm this action?",
    keys: "Keyboard shortcuts",
    keyNext: "Next row",
    keyPrevious: "Previous row",
    keyOpen: "Open the row",
    keyAct: "Main action",
    keySearch: "Search",
    keyHelp: "This help",
    keysOn: "Use single-key shortcuts",
    enter: "Enter",
    row: "Row {n} of {all}",
  },
};

export function word(name, facts = {}) {
  const words = document.documentElement.lang.startsWith("en") ? WORDS.en : WORDS.fr;
  return words[name].replace(/\{(\w+)\}/g, (_all, fact) => facts[fact]);
}
