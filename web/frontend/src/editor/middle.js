import { getMid } from "diagram-js/lib/layout/LayoutUtil";
import { getBBox } from "diagram-js/lib/util/Elements";

/** Half way of a flow, as the position of an overlay: its corner may lie on the element that it leaves. */
export function middleOf(flow) {
  const { x, y } = getMid(flow);
  const box = getBBox(flow);
  return { top: y - box.y, left: x - box.x };
}
