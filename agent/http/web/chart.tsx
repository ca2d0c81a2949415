import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { score } from "./format.js";
import { type ScoreSeries, WINDOW_S } from "./series.js";
import { words } from "./words.js";

export interface ChartProps {
  readonly camera: string;
  readonly series: ScoreSeries;
  /** In force; null until the model is there. */
  readonly threshold: number | null;
  /** What is tried; null where that is the one in force. */
  readonly tried: number | null;
  readonly locked: boolean;
  readonly onTry: (threshold: number) => void;
  /** Changes when there is something new to draw. */
  readonly tick: number;
}

const HEIGHT = 240;
/** Steps of the arrow keys, as shares of the threshold in force. */
const STEP = 0.01;
const LEAP = 0.1;
/** As many thresholds high the chart is at the most. */
const MOST = 3;

/** The score over the last minutes, with the threshold as a line that can be taken hold of. */
export function Chart(props: ChartProps) {
  const { camera, series, threshold, tried, locked, tick } = props;
  const box = useRef<HTMLDivElement>(null);
  const handle = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;

  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    const place = (u: uPlot): void => {
      const { tried: one, threshold: other } = now.current;
      const value = one ?? other;
      const grip = handle.current;
      if (grip === null || value === null) return;
      grip.style.top = `${u.over.offsetTop + u.valToPos(value, "y")}px`;
      grip.style.left = `${u.over.offsetLeft}px`;
      grip.style.width = `${u.over.clientWidth}px`;
    };
    const u = new uPlot(
      optionsOf(at.clientWidth, () => now.current, place),
      series.columns,
      at,
    );
    plot.current = u;
    const observer = new ResizeObserver(() => u.setSize({ width: at.clientWidth, height: HEIGHT }));
    observer.observe(at);
    return () => {
      observer.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [camera, series]);

  // Drawn anew when any of these changes.
  useEffect(() => plot.current?.setData(drawn(now.current)), [tick, tried, threshold]);

  const value = tried ?? threshold;
  const drag = (event: PointerEvent): void => {
    const u = plot.current;
    if (u === null || locked) return;
    const move = ({ clientY }: PointerEvent): void => {
      const y = clientY - u.over.getBoundingClientRect().top;
      const at = u.posToVal(Math.min(Math.max(y, 0), u.over.clientHeight - 1), "y");
      if (at > 0) now.current.onTry(at);
    };
    const grip = event.currentTarget as HTMLElement;
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    const end = (): void => grip.removeEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
  };
  const key = (event: KeyboardEvent): void => {
    if (value === null || threshold === null || locked) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: STEP,
      ArrowRight: STEP,
      ArrowDown: -STEP,
      ArrowLeft: -STEP,
      PageUp: LEAP,
      PageDown: -LEAP,
    };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    now.current.onTry(Math.max(threshold * STEP, value + by * threshold));
  };

  return (
    <section class="chart" aria-label={words.score.chart(camera)}>
      <div ref={box} />
      {value !== null && (
        <div
          ref={handle}
          class={`grip${tried === null ? "" : " trying"}${locked ? " locked" : ""}`}
          role="slider"
          tabIndex={0}
          aria-label={words.score.handle}
          aria-orientation="vertical"
          aria-disabled={locked}
          aria-valuemin={0}
          aria-valuemax={Number((2 * (threshold ?? value)).toPrecision(4))}
          aria-valuenow={Number(value.toPrecision(4))}
          aria-valuetext={score(value, threshold)}
          onPointerDown={drag}
          onKeyDown={key}
        >
          <span class="knob">{score(value, threshold)}</span>
        </div>
      )}
    </section>
  );
}

function optionsOf(width: number, now: () => ChartProps, place: (u: uPlot) => void): uPlot.Options {
  const css = (name: string) => (): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const grid = { stroke: css("--rule"), width: 1 };
  const axis = { stroke: css("--soft"), font: "12px system-ui, sans-serif", grid, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 0, 0, 0],
    scales: {
      x: { time: true, range: (_u, _min, max) => [(max ?? Date.now() / 1000) - WINDOW_S, max ?? Date.now() / 1000] },
      y: { range: (_u, _min, max) => [0, ceiling(max, now())] },
    },
    axes: [
      { ...axis, values: (_u, ticks) => ticks.map(hoursAndMinutes), space: 80, size: 28 },
      { ...axis, values: (_u, ticks) => ticks.map((tick) => score(tick, now().threshold)), size: 62 },
    ],
    series: [
      {},
      { stroke: css("--ink"), width: 1.5, points: { show: false } },
      {
        stroke: css("--bad"),
        width: 0,
        paths: () => null,
        points: { show: true, size: 6, fill: css("--bad"), width: 0 },
      },
      { stroke: css("--line"), width: 1.5, dash: [6, 4], points: { show: false } },
    ],
    hooks: { draw: [place] },
  };
}

/** In steps, so that the picture does not breathe with each score; a defect that is ten times the threshold leaves room to drag its line. */
function ceiling(max: number | null, { threshold, tried }: ChartProps): number {
  const unit = (threshold ?? max ?? 1) / 2;
  const highest = Math.max(max ?? 0, (threshold ?? 0) * 1.4, unit);
  const room = threshold === null ? highest : Math.min(highest, threshold * MOST);
  return Math.ceil((Math.max(room, (tried ?? 0) * 1.1) * 1.02) / unit) * unit;
}

/** What is higher than the chart is drawn at its top edge. */
function drawn({ series, threshold, tried }: ChartProps): uPlot.AlignedData {
  const [at, highest, above, thresholds] = series.columns;
  const top = Math.max((threshold ?? Number.POSITIVE_INFINITY) * MOST, (tried ?? 0) * 1.1);
  const capped = (scores: readonly (number | null)[]) =>
    scores.map((one) => (one === null ? null : Math.min(one, top)));
  return [at, capped(highest), capped(above), thresholds];
}

function hoursAndMinutes(atS: number): string {
  return new Date(atS * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
}
