/**
 * Vite: turns the licences that Vite collected from the bundled scripts into NOTICES.md, adds the packages whose style sheets or
 * fonts only are bundled (Vite looks at scripts alone), and stops at a licence that we may not ship.
 */
import { readFileSync } from "node:fs";

const STYLES_ONLY = ["@tabler/core"];
// Packages that ship without a licence file.
const TEXTS = { "@tabler/core": "./licences/tabler.txt", "@bpmn-io/semver-compat": "./licences/semver-compat.txt" };
const MAY_SHIP = /^(MIT|0BSD|BSD-0-Clause|ISC|BSD-[23]-Clause|Apache-2\.0|\(MPL-2\.0 OR Apache-2\.0\)|SEE LICENSE IN LICENSE)$/;
// What the licence files of bpmn-js and its kin state; package.json only says "see the file".
const BPMN_IO = "bpmn.io licence (MIT and: the bpmn.io watermark stays visible and unchanged)";

export function notices() {
  return {
    name: "bordereau:notices",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const found = JSON.parse(String(bundle["licences.json"].source));
        delete bundle["licences.json"];
        const all = [...found, ...STYLES_ONLY.map(readPackage)].map(describe);
        const unfit = all.filter((each) => !each.text || !(each.licence === BPMN_IO || MAY_SHIP.test(each.licence)));
        if (unfit.length > 0) this.error(`licence not known or not allowed: ${unfit.map((each) => `${each.name} (${each.licence})`).join(", ")}`);
        all.sort((left, right) => (left.name < right.name ? -1 : 1));
        this.emitFile({ type: "asset", fileName: "NOTICES.md", source: written(all) });
      },
    },
  };
}

function readPackage(name) {
  const { version, license } = JSON.parse(read(`../node_modules/${name}/package.json`));
  return { name, version, identifier: license };
}

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

function describe({ name, version, identifier, text = TEXTS[name] && read(TEXTS[name]).trim() }) {
  const licence = text?.includes("watermark") ? BPMN_IO : (identifier ?? "not stated");
  return { name, version, licence, text };
}

function written(all) {
  const head = [
    "# Software bundled in this folder",
    "",
    "The scripts, styles and fonts here are built from `web/frontend` and contain the following packages.",
    "",
    ...all.map((each) => `- ${each.name} ${each.version}: ${each.licence}`),
  ];
  const texts = all.flatMap((each) => ["", `## ${each.name} ${each.version}`, "", "```text", each.text, "```"]);
  return [...head, ...texts, ""].join("\n");
}
