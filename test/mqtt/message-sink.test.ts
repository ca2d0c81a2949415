import { spawnSync } from "node:child_process";
import { openPublisher } from "../../agent/mqtt/publisher.js";
import { messageSinkContract, type SinkUnderTest } from "../contracts/message-sink.js";
import { commandOf, fakeSink } from "../fakes/message-sink.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";

const T = "retort/line-7";

messageSinkContract("the publisher, with Mosquitto", async (): Promise<SinkUnderTest> => {
  const broker = await startMosquitto();
  const heard = await subscribe(broker.port, "retort/#");
  const sink = openPublisher({ url: broker.url, prefix: "retort", agentId: "line-7", version: "0" });
  const send = (topic: string, ...payload: readonly string[]) =>
    spawnSync("mosquitto_pub", ["-p", String(broker.port), "-q", "1", "-t", `${T}/${topic}`, ...payload]);
  return {
    sink,
    arrived: (topic) => heard.of(`${T}/${topic}`),
    command: (command, id) => send(`cmd/${command}`, "-m", JSON.stringify({ id })),
    replies: (command) => heard.of(`${T}/reply/${command}`).map(({ id, ok }) => ({ id: String(id), ok: ok === true })),
    context: ({ camera, context }) =>
      send(`${camera}/context`, ...(context === null ? ["-n"] : ["-m", JSON.stringify(context)])),
    stop: async () => {
      await sink.close();
      await heard.stop();
      await broker.stop();
    },
  };
});

messageSinkContract("the fake", async (): Promise<SinkUnderTest> => {
  const sink = fakeSink();
  const replies: { readonly command: string; readonly id: string; readonly ok: boolean }[] = [];
  return {
    sink,
    arrived: (topic) => sink.sent.filter((each) => each.topic === topic).map(({ payload }) => payload),
    command: (command, id) => sink.command$.next(commandOf(command, id, ({ ok }) => replies.push({ command, id, ok }))),
    replies: (command) => replies.filter((each) => each.command === command),
    context: (context) => sink.context$.next(context),
    stop: () => sink.close(),
  };
});
