/**
 * The life of a draft in the browser, the same for every editor: checked after each change, saved, published, and never lost.
 *
 * `given`: `path` of the file, `content()` its text now (a promise), `mark()` what tells two states of it apart, `extension`, `open(text)`
 * which shows another text in its place (gives warnings, throws when it cannot), `problems` the list (`show`, `focusFirst`), `examination`
 * the panel of what the examination found (`show`, `focus`), `stories` those of the process (`stories.js`).
 */
import { element as el } from "../page/dom.js";
import { examinations } from "./examination.js";
import { chooseFile, offerFile } from "./files.js";
import { isError } from "./problem.js";
import { publisher } from "./publishing.js";
import { connect, failureText } from "./server.js";

const CHECK_AFTER_MS = 800;

export function openSession({ mount, shell, word, given }) {
  const address = addressOf(mount);
  const { get, post } = connect(mount.dataset.csrf ?? "");
  const { path, problems, examination, stories } = given;
  const mark = () => `${stories.edits} ${given.mark()}`;
  const base = { base_version: numberOf(mount.dataset.baseVersion), revision: numberOf(mount.dataset.revision) };
  let savedMark = mark();
  let hasSaved = false;
  let isLeaving = false;
  let warnings = [];
  let checking = null;
  let timer = null;
  const isChanged = () => mark() !== savedMark;
  const examined = examinations({
    ask: async (signal) => post(`${address}examination`, await body(), signal),
    look: (id, signal) => get(`${address}examination/${id}`, signal),
    show(news) {
      examination.show(news);
      publishing.news(news);
    },
  });
  const publishing = publisher({
    word,
    examined,
    post: async (typed) => post(`${address}publish`, { ...(await body()), ...typed }),
    published({ version, url }) {
      say("published", { version });
      leaveFor(url);
    },
    refused(sentence, found) {
      if (found.length) problems.show([...warnings, ...found]);
      complain(sentence);
      if (found.length) problems.focusFirst();
      else examination.focus();
    },
    conflict: complainOf,
  });
  examination.again = () => examined.now();
  stories.heard = changed;

  function say(name, facts) {
    shell.state.textContent = word(name, facts);
    mount.dataset.state = name;
  }

  function complain(text, ...actions) {
    shell.notice.hidden = !text;
    delete shell.notice.dataset.kind;
    shell.notice.replaceChildren(...(text ? [text, ...actions] : []));
  }

  /** What the server answered instead of "done"; after a conflict with the two ways on from there. */
  function complainOf(answer) {
    const text = failureText(answer, word);
    if (answer.kind !== "conflict") return complain(text);
    const keep = el("button", { type: "button", className: "btn btn-sm" }, word("keepFile"));
    keep.addEventListener("click", download);
    const href = answer.body.has_draft === false && answer.body.url ? answer.body.url : location.href;
    const other = el("a", { className: "btn btn-sm", href, target: "_blank", rel: "noopener" }, word(answer.body.has_draft === false ? "otherVersion" : "otherDraft"));
    complain(text, el("div", { className: "bde-notice-actions" }, keep, other));
    shell.notice.dataset.kind = "conflict";
  }

  async function body(others = {}) {
    return { files: { [path]: await given.content(), ...stories.changed, ...others }, ...base };
  }

  /** Asks the server for the problems; an older answer never replaces a newer one. Gives them, or null when there was no answer. */
  async function check() {
    clearTimeout(timer);
    checking?.abort();
    const abort = (checking = new AbortController());
    shell.problems.setAttribute("aria-busy", "true");
    const answer = await post(`${address}check`, await body(), abort.signal);
    if (checking !== abort) return null;
    shell.problems.removeAttribute("aria-busy");
    if (answer.kind === "ok" || answer.kind === "problems") {
      // A conflict stays until something was saved: the check of what was typed just before must not take the ways on away.
      if (shell.notice.dataset.kind !== "conflict") complain(null);
      problems.show([...warnings, ...(answer.body.problems ?? [])]);
      mount.dataset.checked = String(Number(mount.dataset.checked ?? 0) + 1);
      const found = answer.body.problems ?? [];
      if (found.some(isError)) examined.block();
      else examined.soon();
      return found;
    }
    if (answer.kind !== "aborted") complainOf(answer);
    return null;
  }

  /** Saves the draft, with `others` (new files by path) beside it. True when it is saved. */
  async function save(others = {}) {
    const at = mark();
    say("saving");
    const answer = await busy(shell.commands.save, async () => post(`${address}draft`, await body(others)));
    if (answer.kind !== "ok") {
      say("changed");
      complainOf(answer);
      return false;
    }
    base.revision = answer.body.revision ?? base.revision;
    savedMark = at;
    hasSaved = true;
    complain(null);
    say(isChanged() ? "changed" : "saved");
    return true;
  }

  async function publish() {
    const found = await busy(shell.commands.publish, check);
    if (found === null) return;
    const errors = found.filter(isError).length;
    if (errors > 0) {
      complain(word("errorsFirst", { errors }));
      problems.focusFirst();
      return;
    }
    publishing.open();
  }

  function changed() {
    if (isChanged()) say("changed");
    else say(hasSaved ? "saved" : "unchanged");
    examined.forget();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  }

  async function download() {
    offerFile(await given.content(), path.split("/").at(-1));
  }

  async function openLocal(file, text) {
    try {
      warnings = await given.open(text);
    } catch (error) {
      complain(word("cannotOpen", { reason: error.message }));
      return;
    }
    examined.forget();
    await check();
    shell.state.textContent = word("opened", { file });
    mount.dataset.state = "changed";
  }

  function leaveFor(url) {
    isLeaving = true;
    location.assign(url);
  }

  /** Once the file is shown: what the reader of it grumbled about stays in the list. */
  async function start(found) {
    warnings = found;
    savedMark = mark();
    say("unchanged");
    shell.tools.download.addEventListener("click", download);
    shell.tools.openFile.addEventListener("click", () => chooseFile(given.extension, word, openLocal));
    shell.commands.check.addEventListener("click", () => busy(shell.commands.check, check));
    shell.commands.save.addEventListener("click", () => save());
    shell.commands.publish.addEventListener("click", publish);
    addEventListener("beforeunload", (event) => isChanged() && !isLeaving && event.preventDefault());
    // Before the editors' own keys: they take some for themselves and let no other hear them.
    mount.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "s" || event.altKey || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      save();
    }, true);
    await check();
  }

  function fail(error) {
    complain(word("cannotOpen", { reason: error.message }));
    mount.dataset.state = "failed";
  }

  return { start, fail, changed, save, leaveFor, isChanged, address, post };
}

/** Where the process is addressed: its editors stand at `…/edit` and at `…/decisions/<file>`. */
export function addressOf(mount, { pathname } = location) {
  const [before, ...rest] = pathname.split(`/${mount.dataset.processKey}/decisions/`);
  return rest.length ? `${before}/${mount.dataset.processKey}/` : pathname.slice(0, pathname.lastIndexOf("/") + 1);
}

async function busy(button, work) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

/** A `data-` number as the server's JSON wants it: null when there is none yet. */
function numberOf(text) {
  return text === undefined || text === "" || text === "None" ? null : Number(text);
}
