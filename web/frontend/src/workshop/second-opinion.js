/**
 * What the second engine says of the stories of a report: `{same, total, unexplained, explained, apart}`, of which the last three are stories.
 *
 * Null where it was not asked. A story that fails is told as such, and not once more as one that was not compared.
 */
export function secondOpinion(stories, figures) {
  if (!figures?.total) return null;
  const told = stories.filter(({ opinion }) => opinion);
  const differ = told.filter(({ opinion }) => opinion.kind === "different");
  return {
    same: figures.compared - figures.explained - figures.unexplained,
    total: figures.total,
    unexplained: differ.filter(({ opinion }) => opinion.unexplained),
    explained: differ.filter(({ opinion }) => !opinion.unexplained),
    apart: told.filter(({ passed, opinion }) => passed && opinion.kind === "not_compared"),
  };
}
