/**
 * dmn-js opens DMN 1.3 only. The other editions name the same things in other namespaces; what a later edition added, dmn-js reports
 * when it opens the file, and then the file is refused rather than shortened.
 */
const MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/";
const DMNDI = "https://www.omg.org/spec/DMN/20191111/DMNDI/";
const OTHERS = {
  "http://www.omg.org/spec/DMN/20151101/dmn.xsd": MODEL,
  "http://www.omg.org/spec/DMN/20180521/MODEL/": MODEL,
  "https://www.omg.org/spec/DMN/20211108/MODEL/": MODEL,
  "https://www.omg.org/spec/DMN/20230324/MODEL/": MODEL,
  "http://www.omg.org/spec/DMN/20180521/DMNDI/": DMNDI,
  "https://www.omg.org/spec/DMN/20211108/DMNDI/": DMNDI,
  "https://www.omg.org/spec/DMN/20230324/DMNDI/": DMNDI,
};
const DECLARED = /(xmlns(?::[\w.-]+)?\s*=\s*)(["'])(.*?)\2/g;

/** The file in the namespaces of DMN 1.3, and whether anything had to be renamed. */
export function inKnownEdition(xml) {
  let isRenamed = false;
  const text = xml.replace(DECLARED, (all, before, quote, namespace) => {
    if (!Object.hasOwn(OTHERS, namespace)) return all;
    isRenamed = true;
    return before + quote + OTHERS[namespace] + quote;
  });
  return { xml: text, isRenamed };
}
