/** A page's thread: it reads the events of a live view, and counts pictures. */
import { get } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import type { LookerSetup } from "./live-view.js";

const { url } = workerData as LookerSetup;
const port = parentPort!;
const PICTURE = "event: picture\n";
let pictures = 0;

const request = get(url, (response) => {
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
  /** The end of what came before: the words may be cut in two. */
  let rest = "";
  response.setEncoding("latin1");
  response.on("data", (text: string) => {
    const all = rest + text;
    for (let at = all.indexOf(PICTURE); at >= 0; at = all.indexOf(PICTURE, at + 1)) pictures += 1;
    rest = all.slice(1 - PICTURE.length);
  });
  response.once("data", () => port.postMessage(0));
  // It is hung up on below.
  response.on("error", () => undefined);
});

port.on("message", () => {
  port.postMessage(pictures);
  port.close();
  request.destroy();
});
