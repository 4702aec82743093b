/**
 * What an examination found, in words: the verdict on each process, the stories, what they cover.
 *
 * `here` is what the editor can show of it: `name(id)` what people call an element (null: it is not here) and `reveal(id)`; `coverage` paints
 * (`show(found)`, `hide()`, `legend` an element) and lists (`missed(found)`: `{text, reveal}` each); `play`, where paths can be played,
 * has `can(path)` and `start(told, button)`; `stories` are those that can be changed (`stories.js`).
 */
import { element as el } from "../page/dom.js";
import { isError } from "./problem.js";
import { secondOpinion } from "./second-opinion.js";
import { editStory } from "./story-dialog.js";

const SIGNS = { sound: "sound", unsound: "unsound", not_decided: "notDecided", failed: "storyFailed", unexplained: "differsUnexplained" };

/** `view(report)` gives the elements to show. */
export function reportView(word, locale, { name, reveal, coverage, play, stories: files }) {
  const paint = paintSwitch(coverage, word);

  function view({ verdicts = [], stories = [], opinions, coverage: found }) {
    paint.change(found ?? null);
    if (!verdicts.length) return [];
    return [el("ul", { className: "bde-exam-list" }, ...verdicts.map((each) => verdict(each, verdicts.length > 1))), ...told(stories), ...compared(secondOpinion(stories, opinions)), ...covered(found)];
  }

  function verdict(each, isOneOfMany) {
    const { soundness, element, path = [], conditions = [], example = {}, relies_on: reliesOn = [] } = each;
    const isSound = soundness === "sound";
    const content = [el("p", {}, each.sentence)];
    const place = !isSound && element && name(element);
    if (place) content.push(el("p", {}, word("where"), " ", link(place, () => reveal(element))));
    if (!isSound && conditions.length) content.push(el("p", {}, word("pathNeeds")), el("ul", {}, ...conditions.map(condition)));
    const values = Object.entries(example).map(([variable, value]) => el("code", {}, `${variable} = ${value}`));
    if (values.length) content.push(el("p", {}, word("forExample"), " ", ...values.flatMap((each, at) => (at ? [", ", each] : [each]))));
    if (reliesOn.length) content.push(el("details", {}, el("summary", {}, word("reliesOn")), el("ul", {}, ...reliesOn.map((source) => el("li", {}, el("code", {}, source))))));
    if (!isSound) content.push(...playing(each.title, { path, element, kind: soundness, sentence: each.sentence }));
    return item(soundness, isOneOfMany ? each.title : "", content);
  }

  function condition({ element, condition: source, holds }) {
    const place = name(element);
    const where = place ? [link(place, () => reveal(element)), word("colon")] : [];
    return el("li", {}, ...where, el("code", {}, source), " ", word(holds ? "isTrue" : "isFalse"));
  }

  function told(stories) {
    const heading = el("h3", {}, word("stories"));
    if (!stories.length) return [heading, el("p", {}, word("noStories"))];
    const failed = stories.filter((each) => !each.passed);
    const passed = stories.filter((each) => each.passed);
    const parts = [heading];
    if (failed.length) parts.push(el("ul", { className: "bde-exam-list" }, ...failed.map(failedStory)));
    if (passed.length) {
      const all = passed.map((each) => el("li", {}, el("span", {}, each.title), el("span", { className: "bde-exam-acts" }, ...playing(each.title, { path: each.path, kind: "passed" }), ...changing(each))));
      parts.push(el("details", { className: "bde-exam-passed" }, el("summary", {}, word("storiesPassed", { stories: passed.length })), el("ul", {}, ...all)));
    }
    return parts;
  }

  /** What the second engine says: in how many stories it goes the same way, and where not. */
  function compared(found) {
    if (!found) return [];
    const { same, total, unexplained, explained, apart } = found;
    const parts = [el("p", {}, word("goesSame", { same, stories: total }))];
    if (unexplained.length) parts.push(el("ul", { className: "bde-exam-list" }, ...unexplained.map((story) => item("unexplained", story.title, differing(story)))));
    if (explained.length) parts.push(listed("differsExplained", explained));
    if (apart.length) parts.push(listed("notCompared", apart));
    return parts;
  }

  function listed(sentence, stories) {
    const all = stories.map((story) => el("li", {}, el("span", {}, story.title), ...differing(story)));
    return el("details", {}, el("summary", {}, word(sentence, { stories: stories.length })), el("ul", {}, ...all));
  }

  function differing({ opinion: { sentence, element } }) {
    const place = element && name(element);
    const content = [el("p", {}, sentence)];
    if (place) content.push(el("p", {}, word("where"), " ", link(place, () => reveal(element))));
    return content;
  }

  function failedStory(story) {
    const { title, path, problems } = story;
    return item("failed", title, [
      el("ul", { className: "bde-exam-problems" }, ...problems.map(problemItem)),
      el("span", { className: "bde-exam-acts" }, ...playing(title, { path, kind: "failed", sentence: problems[0]?.message }), ...changing(story)),
    ]);
  }

  function problemItem(problem) {
    const { element_id: id, message } = problem;
    const place = id && name(id);
    const text = el("span", { className: "bde-problem-text" }, message);
    if (!place) return el("li", {}, text);
    const button = el("button", { type: "button", className: "bde-exam-problem", title: word("select") }, el("span", { className: "bde-problem-where" }, place), text);
    button.dataset.severity = isError(problem) ? "error" : "warning";
    button.addEventListener("click", () => reveal(id));
    return el("li", {}, button);
  }

  /** The button that plays a path, where that is possible. */
  function playing(title, way) {
    if (!play?.can(way.path)) return [];
    const button = el("button", { type: "button", className: "btn btn-sm bde-play", "aria-label": word("playOf", { title }) }, el("span", { "aria-hidden": "true" }, "▶"), " ", word("play"));
    button.addEventListener("click", () => play.start({ ...way, title }, button));
    return [button];
  }

  /** The button that changes what a story tells: what is drawn may be what is meant. */
  function changing(story) {
    const { file, title } = story;
    if (!files.has(file)) return [];
    const button = el("button", { type: "button", className: "btn btn-sm", "aria-label": word("editOf", { title }) }, word("edit"));
    button.addEventListener("click", () => editStory(word, { ...story, text: files.text(file) }, (text) => files.change(file, text)));
    return [button];
  }

  function covered(found) {
    if (!found) return [];
    const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(found.percent);
    const parts = [el("h3", {}, word("coverage")), el("p", {}, word("covered", { percent, stories: found.stories }))];
    const missed = coverage.missed(found);
    if (missed.length) {
      const all = missed.map(({ text, reveal: go }) => el("li", {}, link(text, go)));
      parts.push(el("details", {}, el("summary", {}, word("missed", { missed: missed.length })), el("ul", {}, ...all)));
    }
    return [...parts, paint.button];
  }

  function item(kind, title, content) {
    const made = el("li", { className: "bde-exam-item" }, el("p", { className: "bde-exam-head" }, el("span", { className: "bde-exam-sign" }, word(SIGNS[kind])), title && ` ${title}`), ...content);
    made.dataset.kind = kind;
    return made;
  }

  return view;
}

function link(text, act) {
  const button = el("button", { type: "button", className: "bde-exam-link" }, text);
  button.addEventListener("click", act);
  return button;
}

/** The switch that paints what is covered and takes it away again; a new report is painted in the place of the last. */
function paintSwitch(coverage, word) {
  const button = el("button", { type: "button", className: "btn btn-sm bde-paint", "aria-pressed": "false" }, word("showCoverage"));
  let found = null;
  let isOn = false;
  function paint() {
    coverage.legend.hidden = !(isOn && found);
    if (isOn && found) coverage.show(found);
    else coverage.hide();
  }
  coverage.legend.hidden = true;
  button.addEventListener("click", () => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    paint();
  });
  return {
    button,
    change(given) {
      found = given;
      paint();
    },
  };
}
