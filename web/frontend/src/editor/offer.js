/** Palette, context pad and menus offer what the engine runs, and nothing that it would refuse when checked. */
const OFFERED = new Set([
  "user-task", "service-task", "script-task", "rule-task", "call-activity", "expanded-subprocess", "collapsed-subprocess", "subprocess",
  "exclusive-gateway", "parallel-gateway", "inclusive-gateway",
  "none-start-event", "none-start", "message-start", "timer-start",
  "none-intermediate-throwing", "none-intermediate-throw", "message-intermediate-catch", "message-intermediate-throw", "timer-intermediate-catch",
  "none-end-event", "none-end", "message-end", "error-end", "terminate-end",
  "message-boundary", "timer-boundary", "error-boundary", "non-interrupting-message-boundary", "non-interrupting-timer-boundary",
  "sequence-flow", "default-flow", "conditional-flow", "expanded-pool", "data-object-reference", "data-store-reference",
]);
const HEADER_OFFERED = new Set(["toggle-parallel-mi", "toggle-sequential-mi"]);
const PREFIX = /^(?:replace-with|append|create)-/;
const OURS_AFTER = 400;

export const isOffered = (id) => HEADER_OFFERED.has(id) || OFFERED.has(id.replace(PREFIX, "")) || !/^(?:replace-with|append|create|toggle)-/.test(id);

function only(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => isOffered(id)));
}

function Menus(popupMenu) {
  const filter = {
    getPopupMenuEntries: () => only,
    getPopupMenuHeaderEntries: () => only,
  };
  for (const menu of ["bpmn-replace", "bpmn-append", "bpmn-create"]) popupMenu.registerProvider(menu, OURS_AFTER, filter);
}
Menus.$inject = ["popupMenu"];

const TASKS = [
  ["user-task", "bpmn:UserTask", "bpmn-icon-user-task", "user task"],
  ["service-task", "bpmn:ServiceTask", "bpmn-icon-service-task", "service task"],
];
const PALETTE_WITHOUT = ["create.task", "create.data-object", "create.data-store", "create.group"];

function Palette(palette, create, elementFactory, translate) {
  palette.registerProvider(OURS_AFTER, {
    getPaletteEntries: () => (entries) => {
      const tasks = TASKS.map(([id, type, className, name]) => {
        const start = (event) => create.start(event, elementFactory.createShape({ type }));
        return [`create.${id}`, { group: "activity", className, title: translate(`Create ${name}`), action: { dragstart: start, click: start } }];
      });
      const kept = Object.entries(entries).filter(([id]) => !PALETTE_WITHOUT.includes(id));
      const at = kept.findIndex(([id]) => id === "create.subprocess-expanded");
      return Object.fromEntries(kept.toSpliced(at < 0 ? kept.length : at, 0, ...tasks));
    },
  });
}
Palette.$inject = ["palette", "create", "elementFactory", "translate"];

const PAD_WITHOUT = [
  "append.append-task", "append.receive-task", "append.condition-intermediate-event", "append.signal-intermediate-event",
  "append.compensation-activity",
];

function Pad(contextPad, create, elementFactory, autoPlace, translate) {
  contextPad.registerProvider(OURS_AFTER, {
    getContextPadEntries: (element) => (entries) => {
      const mayAppend = "append.append-task" in entries;
      const kept = Object.entries(entries).filter(([id]) => !PAD_WITHOUT.includes(id));
      const tasks = TASKS.map(([id, type, className, name]) => {
        const start = (event) => create.start(event, elementFactory.createShape({ type }), { source: element });
        const click = () => autoPlace.append(element, elementFactory.createShape({ type }));
        return [`append.${id}`, { group: "model", className, title: translate(`Append ${name}`), action: { dragstart: start, click } }];
      });
      return Object.fromEntries([...kept, ...(mayAppend ? tasks : [])]);
    },
  });
}
Pad.$inject = ["contextPad", "create", "elementFactory", "autoPlace", "translate"];

export const offerModule = {
  __init__: ["offeredMenus", "offeredPalette", "offeredPad"],
  offeredMenus: ["type", Menus],
  offeredPalette: ["type", Palette],
  offeredPad: ["type", Pad],
};
