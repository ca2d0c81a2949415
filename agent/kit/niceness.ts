import { getPriority, setPriority } from "node:os";

/**
 * Makes the calling thread give way: setpriority(2) of "process" 0 is the calling thread on Linux, and the threads that it
 * starts inherit it. Elsewhere the whole process would be meant, so nothing is done.
 * @param by added to the present niceness, at most 19 in all
 */
export function giveWay(by: number): void {
  if (process.platform === "linux") setPriority(Math.min(19, getPriority() + by));
}
