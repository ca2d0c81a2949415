import { useEffect, useRef } from "preact/hooks";
import type { LivePicture } from "../../contract/live-events.js";
import { bytesOf, colour } from "./heat.js";
import type { Source } from "./source.js";
import { words } from "./words.js";

/** How pictures are shown; kept for the next visit. */
export interface Look {
  readonly heat: boolean;
  /** 0..1 */
  readonly opacity: number;
  readonly outlines: boolean;
}

const SVG = "http://www.w3.org/2000/svg";

/** A camera's moving picture; the heatmap and the regions are of the very frame below them. */
export function Picture({ camera, source, look }: { camera: string; source: Source; look: Look }) {
  const stage = useRef<HTMLDivElement>(null);
  const newest = useRef(look);
  newest.current = look;

  useEffect(() => {
    const at = stage.current;
    if (at === null) return;
    const painter = painterOn(at, () => newest.current);
    const end = source.watch(camera, painter.show);
    return () => {
      end();
      painter.close();
    };
  }, [camera, source]);

  return (
    <div class="stage" ref={stage} data-heat={look.heat} data-outlines={look.outlines}>
      <canvas class="frame" role="img" aria-label={words.camera.picture(camera)} width={4} height={3} />
      <canvas class="heat" width={4} height={3} style={{ opacity: look.heat ? look.opacity : 0 }} />
      <svg class="outlines" aria-hidden="true" />
    </div>
  );
}

interface Painter {
  show(picture: LivePicture): void;
  close(): void;
}

function painterOn(stage: HTMLElement, look: () => Look): Painter {
  const [frame, heat] = [...stage.querySelectorAll("canvas")];
  const outlines = stage.querySelector("svg");
  const small = document.createElement("canvas");
  let busy = false;
  let closed = false;
  let waiting: LivePicture | null = null;

  const paint = async (picture: LivePicture): Promise<void> => {
    const bitmap = await createImageBitmap(new Blob([bytesOf(picture.jpeg)], { type: "image/jpeg" }));
    if (!closed && frame !== undefined && heat !== undefined && outlines !== null) {
      // The model may see the camera's view squeezed: here it has its own shape again.
      const width = picture.width;
      const height = Math.max(1, Math.round((width * picture.view.height) / picture.view.width));
      for (const canvas of [frame, heat]) {
        if (canvas.width !== width) canvas.width = width;
        if (canvas.height !== height) canvas.height = height;
      }
      frame.getContext("2d")?.drawImage(bitmap, 0, 0, width, height);
      paintHeat(picture, small, heat, look().heat);
      outline(picture, outlines);
      stage.dataset.frame = String(picture.frame);
      stage.dataset.anomalous = String(picture.anomalous);
    }
    bitmap.close();
  };

  const show = (picture: LivePicture): void => {
    if (busy) {
      waiting = picture;
      return;
    }
    busy = true;
    void paint(picture)
      // A picture that this browser cannot read: the next one comes at once.
      .catch(() => delete stage.dataset.frame)
      .finally(() => {
        busy = false;
        const next = waiting;
        waiting = null;
        if (next !== null && !closed) show(next);
      });
  };
  return {
    show,
    close: () => {
      closed = true;
    },
  };
}

function paintHeat(picture: LivePicture, small: HTMLCanvasElement, on: HTMLCanvasElement, wanted: boolean): void {
  const large = on.getContext("2d");
  if (large === null) return;
  large.clearRect(0, 0, on.width, on.height);
  if (!wanted) return;
  const { mapWidth, mapHeight, mapScale, threshold } = picture;
  small.width = mapWidth;
  small.height = mapHeight;
  const context = small.getContext("2d");
  if (context === null) return;
  const image = context.createImageData(mapWidth, mapHeight);
  colour(bytesOf(picture.map), image.data, mapScale / threshold);
  context.putImageData(image, 0, 0);
  large.imageSmoothingQuality = "high";
  large.drawImage(small, 0, 0, on.width, on.height);
}

/** Regions are in the camera's pixels, and so is the drawing's own system of coordinates. */
function outline({ regions, view }: LivePicture, svg: SVGSVGElement): void {
  svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  const boxes = regions.map(({ x, y, width, height }) => {
    const box = document.createElementNS(SVG, "rect");
    const room = view.width / 100;
    box.setAttribute("x", String(x - room));
    box.setAttribute("y", String(y - room));
    box.setAttribute("width", String(width + 2 * room));
    box.setAttribute("height", String(height + 2 * room));
    return box;
  });
  svg.replaceChildren(...boxes);
}
