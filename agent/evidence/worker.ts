/** The thread that draws evidence: the overlay is tens of milliseconds of JavaScript, too many for the main thread. */
import { parentPort } from "node:worker_threads";
import { messageOf } from "../../errors.js";
import { giveWay } from "../kit/niceness.js";
import type { Reply, Request } from "./protocol.js";
import { render } from "./render.js";

/** More than the inference threads': a picture of a defect must not keep the next part from being judged. */
const NICENESS = 10;

const port = parentPort!;
const reply = (message: Reply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

port.on("message", async (request: Request) => {
  if (request.kind === "stop") {
    port.close();
    return;
  }
  const { id, subject, quality } = request;
  try {
    const picture = await render(subject, quality);
    reply({ kind: "rendered", id, picture }, [picture.jpeg.buffer]);
  } catch (error) {
    reply({ kind: "failed", id, reason: messageOf(error) });
  }
});

giveWay(NICENESS);
