/** How far behind its beat a source may be and still catch up; a timer's grain is coarser than one frame at high rates. */
const lagMs = 20;

/**
 * The wait before each frame that keeps a source to `fps`, milliseconds; on the beat over time, not merely after each frame.
 * @returns given the monotonic clock, how long to wait for the frame whose turn it is
 */
export function createPace(fps: number): (nowMs: number) => number {
  const intervalMs = 1000 / fps;
  let dueMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    const thisMs = Math.max(dueMs, nowMs - Math.min(lagMs, intervalMs));
    dueMs = thisMs + intervalMs;
    return Math.max(0, thisMs - nowMs);
  };
}
