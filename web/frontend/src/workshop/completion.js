/**
 * What FEEL fields offer while one types: our functions with their signatures, and the variables that the page knows.
 *
 * The build puts this in the place of `@camunda/feel-builtins` (plugins/cures.js): functions of another engine, with help in English.
 */
let functions = [];
let variables = [];

/** `functions`: `{name, params: [{name}], info}`; `variables`: `{name, detail}`. To be called before the first field is shown. */
export function offerInExpressions({ functions: given = [], variables: known = [] }) {
  functions = given.map((each) => ({ ...each, type: "function" }));
  variables = known;
}

export const offeredFunctions = () => functions;

/** `own`, what the field itself knows, and every other variable of the page. */
export function offeredVariables(own = []) {
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...variables.filter(({ name }) => !names.has(name))];
}
