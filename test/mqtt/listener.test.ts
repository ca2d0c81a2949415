import * as assert from "uvu/assert";
import type { Client, ClientOptions, ConnectionLoss } from "../../agent/mqtt/client.js";
import { type ListenerOptions, listen } from "../../agent/mqtt/listener.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";

const test = suite("mqtt listener");

/** A broker that refuses some subscriptions, and keeps a connection until it is told to lose it. */
function broker(refused: (filter: string) => boolean) {
  const connections: { readonly options: ClientOptions; readonly filters: string[] }[] = [];
  const destroyed: number[] = [];
  const openClient = async (options: ClientOptions): Promise<Client> => {
    const filters: string[] = [];
    const index = connections.push({ options, filters }) - 1;
    return {
      version: 5,
      limits: { receiveMaximum: 10, maximumPacketBytes: 1_000, retain: true, wildcards: true },
      send: async () => undefined,
      subscribe: async (filter) => {
        if (refused(filter)) throw new CodedError("MQTT_SUBSCRIBE_REFUSED", "not you", { at: filter });
        filters.push(filter);
      },
      close: async () => undefined,
      destroy: () => destroyed.push(index),
    };
  };
  return { openClient, connections, destroyed };
}

const lost: ConnectionLoss = { reason: "the cable", effect: "reconnect" };

function options(rest: Partial<ListenerOptions>): ListenerOptions {
  return {
    ...{ url: "mqtt://broker", clientId: "c", filters: ["a", "b"], random: () => 0 },
    credentials: async () => ({ username: "u", password: "p", tls: null }),
    ...{
      onMessage: () => undefined,
      onConnected: () => undefined,
      onRefused: () => undefined,
      onAway: () => undefined,
    },
    ...rest,
  };
}

test("a listener subscribes anew over each connection, with credentials read anew, and ends when it is stopped", async () => {
  const { openClient, connections, destroyed } = broker(() => false);
  const stop = new AbortController();
  const said: string[] = [];
  let reads = 0;
  let connects = 0;
  await listen(
    options({
      openClient,
      credentials: async () => ({ username: "u", password: String((reads += 1)), tls: null }),
      onConnected: (protocol) => {
        said.push(`connected ${protocol}`);
        connects += 1;
        // After the subscriptions, which follow at once.
        setImmediate(() => (connects === 1 ? connections[0]!.options.onLost(lost) : stop.abort()));
      },
      onAway: ({ code }, waitMs) => said.push(`${code} ${waitMs > 0}`),
    }),
    stop.signal,
  );
  assert.equal(said, ["connected 5", "MQTT_LOST true", "connected 5"]);
  assert.equal(
    connections.map(({ filters, options: { password, will } }) => [filters.join(), password, will]),
    [
      ["a,b", "1", null],
      ["a,b", "2", null],
    ],
  );
  assert.equal(destroyed, [0, 1]);
});

test("a broker that grants one of the subscriptions is listened to; one that grants none ends it, as do files that cannot be used", async () => {
  const stop = new AbortController();
  const refusals: (string | undefined)[] = [];
  const onRefused = ({ at }: CodedError) => {
    refusals.push(at);
    stop.abort();
  };
  await listen(options({ ...broker((filter) => filter === "a"), onRefused }), stop.signal);
  assert.equal(refusals, ["a"]);
  const codeOf = (rest: Partial<ListenerOptions>) =>
    listen(options(rest), new AbortController().signal).then(
      () => "none",
      (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
    );
  assert.is(await codeOf(broker(() => true)), "MQTT_SUBSCRIBE_REFUSED");
  const unreadable = async () => Promise.reject(new CodedError("MQTT_PASSWORD_UNREADABLE", "no such file"));
  assert.is(await codeOf({ ...broker(() => false), credentials: unreadable }), "MQTT_PASSWORD_UNREADABLE");
});

test.run();
