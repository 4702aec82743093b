/** Vite: writes checksums.json, the SHA-256 of every built file, so that the Python tests notice a stale or edited one without Node. */
import { createHash } from "node:crypto";

export function checksums() {
  return {
    name: "bordereau:checksums",
    writeBundle: {
      order: "post",
      async handler(options, bundle) {
        const { readFile, writeFile } = await import("node:fs/promises");
        const { join } = await import("node:path");
        const sums = {};
        for (const fileName of Object.keys(bundle).sort()) {
          sums[fileName] = createHash("sha256").update(await readFile(join(options.dir, fileName))).digest("hex");
        }
        await writeFile(join(options.dir, "checksums.json"), `${JSON.stringify(sums, null, 2)}\n`);
      },
    },
  };
}
