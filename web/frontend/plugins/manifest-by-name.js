/**
 * Vite: entries of manifest.json are found by their name (`page`), not by the path of their source, and an entry names all the style
 * sheets that it needs, also those of the parts that it shares: a page links them without following `imports`.
 */
export function manifestByName() {
  return {
    name: "bordereau:manifest-by-name",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const asset = bundle["manifest.json"];
        const byPath = JSON.parse(String(asset.source));
        const entries = Object.values(byPath).filter((chunk) => chunk.isEntry);
        for (const entry of entries) entry.css = [...new Set(stylesOf(entry, byPath))];
        for (const chunk of Object.values(byPath)) if (!chunk.isEntry) delete chunk.css;
        const named = Object.entries(byPath).map(([path, chunk]) => [chunk.isEntry ? chunk.name : path, chunk]);
        named.sort(([left], [right]) => (left < right ? -1 : 1));
        asset.source = `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`;
      },
    },
  };
}

/** Shared parts first, so that an entry's own rules come last. */
function stylesOf(chunk, byPath) {
  return [...(chunk.imports ?? []).flatMap((path) => stylesOf(byPath[path], byPath)), ...(chunk.css ?? [])];
}
