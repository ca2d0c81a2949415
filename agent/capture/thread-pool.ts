/** Threads for file access, name look-ups, image encoding and the stores, whatever the cameras do. */
const FOR_THE_REST = 4;

/**
 * The size of libuv's thread pool (UV_THREADPOOL_SIZE, at most 1024) for so many cameras. A camera occupies one thread while it waits
 * for a picture, one that waits for its bus, and one more for a moment when it starts or stops. With too few threads one silent camera
 * would stop every other, and the file system with them.
 */
export function threadPoolSizeFor(cameraCount: number): number {
  return Math.min(1024, 3 * cameraCount + FOR_THE_REST);
}
