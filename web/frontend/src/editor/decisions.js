/**
 * From the diagram to its decision tables. They share one draft, so that the diagram is saved first and the table opens in its place:
 * two tabs on one draft would be too late for each other.
 */
import { newDecision } from "../workshop/new-decision.js";

/** `data.decisions`: `{id, title, path}` each. `session` is set once there is one. */
export function decisionPages({ decisions = [] }, word) {
  const pages = {
    session: null,
    addressOf(id) {
      const path = decisions.find((each) => each.id === id)?.path;
      return path ? `decisions/${encodeURIComponent(path)}` : null;
    },
    async open(address) {
      const { session } = pages;
      if (!session.isChanged() || (await session.save())) session.leaveFor(session.address + address);
    },
    /** Begins a table and goes there; `write(decisionId, resultVariable)` ties it to the task. */
    async begin(name, write) {
      const { session } = pages;
      const made = newDecision(name?.trim() || word("newDecisionName"), decisions);
      write(made.id, made.variable);
      if (!(await session.save({ [made.path]: made.xml }))) return;
      decisions.push({ id: made.id, title: made.name, path: made.path });
      session.leaveFor(`${session.address}decisions/${made.path}`);
    },
  };
  return pages;
}
