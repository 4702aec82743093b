/** Vite: every `data:` picture of a style sheet becomes a file, so that `img-src 'self'` is enough. */
import { createHash } from "node:crypto";

const EMBEDDED = /url\(\s*(?:"(data:image\/svg\+xml(?:[^"\\]|\\.)*)"|'(data:image\/svg\+xml(?:[^'\\]|\\.)*)'|(data:image\/svg\+xml[^)\s]*))\s*\)/g;

export function cssIconsAsFiles() {
  return {
    name: "bordereau:css-icons-as-files",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const asset of Object.values(bundle)) {
          if (asset.type !== "asset" || !asset.fileName.endsWith(".css")) continue;
          const css = String(asset.source).replace(EMBEDDED, (_all, double, single, bare) => {
            const source = svgOf(double ?? single ?? bare);
            const fileName = `icon-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.svg`;
            this.emitFile({ type: "asset", fileName, source });
            return `url(./${fileName})`;
          });
          if (css.includes("url(data:") || css.includes('url("data:')) this.error(`${asset.fileName} still embeds a data: address`);
          asset.source = css;
        }
      },
    },
  };
}

/** The picture inside a `data:image/svg+xml` address, percent-decoded, with the namespace that a file needs. */
function svgOf(address) {
  const text = address.slice(address.indexOf(",") + 1).replace(/\\(["'])/g, "$1");
  const svg = address.includes(";base64,") ? Buffer.from(text, "base64").toString("utf8") : decodeURIComponent(text);
  return svg.includes("xmlns=") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
}
