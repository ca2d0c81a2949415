import type { Instruments } from "./instruments.js";

/** How often the delay is sampled: what blocks the loop for longer is seen whole, what is shorter by chance. */
const EVERY_MS = 20;

/** From what a timer's own granularity makes to what stalls a line. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * The delay of the main thread's event loop: how much later than due a timer fires, as a histogram since the start. Counts that
 * only grow can be read by any number of scrapers; a percentile since the last scrape belongs to one of them.
 * @returns ends the sampling
 */
export function eventLoopMetric(make: Instruments): () => void {
  const delay = make.histogram({
    name: "retort_event_loop_delay_seconds",
    help: "How much later than due the main thread's event loop ran a timer",
    labelNames: [],
    buckets: SECONDS,
  });
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delay.observe(Math.max(0, nowMs - lastMs - EVERY_MS) / 1_000);
    lastMs = nowMs;
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
