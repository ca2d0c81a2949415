import * as assert from "uvu/assert";
import type { CameraContext, Command } from "../../agent/contract/inbound.js";
import type { MessageSink } from "../../agent/contract/message-sink.js";
import type { Message } from "../../agent/types.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** A sink, and the broker's other side. */
export interface SinkUnderTest {
  readonly sink: MessageSink;
  /** The payloads that have arrived on a topic, named without `T/`. */
  arrived(topic: string): readonly unknown[];
  /** Sends a command. */
  command(command: string, id: string): void;
  /** The answers to it. */
  replies(command: string): readonly { readonly id: string; readonly ok: boolean }[];
  context(context: CameraContext): void;
  stop(): Promise<void>;
}

/** What the agent may expect of its way to the broker. */
export function messageSinkContract(name: string, open: () => Promise<SinkUnderTest>): void {
  const test = suite(`message sink: ${name}`);
  let broker: SinkUnderTest;
  test.before.each(async () => {
    broker = await open();
  });
  test.after.each(() => broker.stop());

  const message = (n: number, rest: Partial<Message> = {}): Message => ({
    topic: "cam1/sink",
    payload: { n },
    qos: 1,
    retain: false,
    ...rest,
  });

  test("what is published arrives, in its order; publishing ends when the broker has it", async () => {
    const { sink } = broker;
    await Promise.all([1, 2, 3].map((n) => sink.publish(message(n))));
    await sink.publish(message(4, { retain: true }));
    await sink.publish(message(5, { qos: 0 }));
    await until(() => broker.arrived("cam1/sink").length === 5, "all of them");
    assert.equal(
      broker.arrived("cam1/sink"),
      [1, 2, 3, 4, 5].map((n) => ({ n })),
    );
  });

  test("a command arrives with a way back, and is answered once", async () => {
    const { sink } = broker;
    const commands: Command[] = [];
    sink.command$.subscribe((command) => commands.push(command));
    await sink.publish(message(1));
    broker.command("status", "7");
    await until(() => commands.length === 1, "the command");
    const { command, id, via, reply } = commands[0]!;
    assert.equal([command, id, via], ["status", "7", "mqtt"]);
    assert.equal(broker.replies("status"), []);
    reply({ ok: true, result: 3 });
    await until(() => broker.replies("status").length > 0, "the answer");
    await sink.publish(message(2));
    assert.equal(
      broker.replies("status").map(({ id: of, ok }) => [of, ok]),
      [["7", true]],
    );
  });

  test("a context arrives for its camera, and its end does", async () => {
    const { sink } = broker;
    const contexts: CameraContext[] = [];
    sink.context$.subscribe((context) => contexts.push(context));
    await sink.publish(message(1));
    const said = [
      { camera: "cam1", context: { part: "p" } },
      { camera: "cam1", context: null },
    ];
    for (const context of said) broker.context(context);
    await until(() => contexts.length === 2, "both");
    assert.equal(contexts, said);
  });

  test("health says how the connection is, and what was lost", () => {
    const { connected, protocol, waiting, lost, trouble } = broker.sink.health();
    assert.type(connected, "boolean");
    assert.ok(protocol === null || protocol === "5" || protocol === "3.1.1");
    assert.equal([waiting, lost, trouble], [0, {}, null]);
  });

  test("after close nothing arrives any more, and publishing still ends", async () => {
    const { sink } = broker;
    let over = 0;
    sink.command$.subscribe({ complete: () => (over += 1) });
    sink.context$.subscribe({ complete: () => (over += 1) });
    await sink.publish(message(1));
    await sink.close();
    await sink.publish(message(2));
    await sink.publish(message(3, { retain: true }));
    await sink.publish(message(4, { qos: 0 }));
    assert.is(over, 2);
    await until(() => broker.arrived("cam1/sink").length > 0, "the one before it");
    assert.equal(broker.arrived("cam1/sink"), [{ n: 1 }]);
  });

  test.run();
}
