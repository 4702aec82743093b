/** A problem as the server tells it: everything that is no warning stands against publishing. */
export const isError = (problem) => problem.severity !== "warning";
