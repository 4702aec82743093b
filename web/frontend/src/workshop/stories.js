/**
 * The stories of the process beside what is drawn: `text(path)`, `changed` (those that were changed here, by path) and how often (`edits`).
 * `heard` is set to what is to follow a change.
 */
export function storyFiles(texts = {}) {
  const changed = {};
  const files = { changed, edits: 0, heard: null, has: (path) => Object.hasOwn(texts, path), text: (path) => changed[path] ?? texts[path], change };

  function change(path, text) {
    if (text === files.text(path)) return;
    changed[path] = text;
    files.edits += 1;
    files.heard?.();
  }

  return files;
}
