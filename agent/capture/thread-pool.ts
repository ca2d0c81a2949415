/** For file access, name look-ups, image encoding and SQLite, whatever the cameras do. */
const forTheRest = 4;

/**
 * The size of libuv's thread pool (UV_THREADPOOL_SIZE, at most 1024) for so many cameras. Each holds one thread while it waits for
 * a picture, one that waits for its bus, and one more for a moment when it starts or stops: with too few, one silent camera would stop every other, and the file system with it.
 */
export function threadPoolSizeFor(cameraCount: number): number {
  return Math.min(1024, 3 * cameraCount + forTheRest);
}
