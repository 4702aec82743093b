/** The token that moves over the diagram: drawn in a layer above everything, moved along flows unless motion is unwelcome. */
import { pointAlong, restingPoint } from "./path.js";
import { svg } from "./svg.js";

const ABOVE_ALL = 1000;
const SLIDE_MS = 550;

export function tokenOn(canvas) {
  const layer = () => canvas.getLayer("bde-token", ABOVE_ALL);
  const token = svg("g", { class: "bde-token" }, svg("circle", { r: 10 }), svg("circle", { r: 4 }));
  const put = ({ x, y }) => token.setAttribute("transform", `translate(${x} ${y})`);
  let isMoving = 0; // counts moves: an older one ends when a newer begins

  /** At once. */
  function rest(element) {
    isMoving += 1;
    put(restingPoint(element));
    layer().append(token);
  }

  /** Along a flow; a promise that ends with the move, true when nothing else moved the token meanwhile. */
  function slide(flow) {
    const mine = (isMoving += 1);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return Promise.resolve(true);
    layer().append(token);
    return new Promise((resolve) => {
      let begun = null;
      const step = (at) => {
        if (mine !== isMoving) return resolve(false);
        begun ??= at;
        const share = (at - begun) / SLIDE_MS;
        put(pointAlong(flow.waypoints, share));
        if (share >= 1) return resolve(true);
        return requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });
  }

  function take() {
    isMoving += 1;
    token.remove();
  }

  return { rest, slide, take };
}
