const WORDS = {
  fr: {
    diagram: "Diagramme du processus ; les mêmes étapes figurent dans le tableau des étapes.",
    failed: "Le diagramme n’a pas pu être affiché. Le tableau des étapes donne les mêmes informations.",
    active: "en cours",
    activeMany: "{n} en cours",
    completed: "fait",
    completedMany: "fait {n} fois",
    cancelled: "annulé",
    larger: "Agrandir",
    smaller: "Réduire",
    whole: "Tout afficher",
  },
  en: {
    diagram: "Process diagram; the table of steps lists the same steps.",
    failed: "The diagram could not be shown. The table of steps gives the same facts.",
    active: "in progress",
    activeMany: "{n} in progress",
    completed: "done",
    completedMany: "done {n} times",
    cancelled: "cancelled",
    larger: "Zoom in",
    smaller: "Zoom out",
    whole: "Show everything",
  },
};

export function word(name, facts = {}) {
  const words = document.documentElement.lang.startsWith("en") ? WORDS.en : WORDS.fr;
  return words[name].replace(/\{(\w+)\}/g, (_all, fact) => facts[fact]);
}
