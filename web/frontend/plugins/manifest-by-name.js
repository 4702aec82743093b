/** Vite: entries of manifest.json are found by their name (`page`), not by the path of their source. */
export function manifestByName() {
  return {
    name: "bordereau:manifest-by-name",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const asset = bundle["manifest.json"];
        const byPath = JSON.parse(String(asset.source));
        const named = Object.entries(byPath).map(([path, chunk]) => [chunk.isEntry ? chunk.name : path, chunk]);
        named.sort(([left], [right]) => (left < right ? -1 : 1));
        asset.source = `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`;
      },
    },
  };
}
