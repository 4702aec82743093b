/** A path through the diagram, as it is played: ids of elements and flows in order, stopping at elements. */

/** The places of `path` where playing stops: its elements, and its last part also when that is a flow. */
export function stopsOf(path, isFlow) {
  return path.flatMap((id, at) => (isFlow(id) && at < path.length - 1 ? [] : [at]));
}

/** The point of a line through `points` at `share` (0 to 1) of its length. */
export function pointAlong(points, share) {
  const lengths = points.slice(1).map((point, at) => Math.hypot(point.x - points[at].x, point.y - points[at].y));
  let left = Math.min(Math.max(share, 0), 1) * lengths.reduce((sum, each) => sum + each, 0);
  for (const [at, length] of lengths.entries()) {
    if (left <= length && length > 0) {
      const [from, to] = [points[at], points[at + 1]];
      return { x: from.x + ((to.x - from.x) * left) / length, y: from.y + ((to.y - from.y) * left) / length };
    }
    left -= length;
  }
  const { x, y } = points.at(-1);
  return { x, y };
}

/** Where a token lies on an element: in the middle of what has no text there, else in the corner that is free. */
export function restingPoint({ x, y, width, height, waypoints }) {
  if (waypoints) return pointAlong(waypoints, 0.5);
  return width > 60 ? { x: x + 16, y: y + height - 16 } : { x: x + width / 2, y: y + height / 2 };
}
