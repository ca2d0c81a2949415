import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { openClient } from "../../../agent/mqtt/mqtt-client.js";
import { CodedError } from "../../../errors.js";
import { damaged } from "../damage.js";
import { type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";

/** What a broker that is none, or means us ill, answers. */
interface Answers {
  readonly version: 5 | 4;
  /** Sent one after the other once something was heard; then the broker hangs up. */
  readonly parts: readonly Buffer[];
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const packets: Readonly<Record<5 | 4, readonly Buffer[]>> = {
  4: [
    hex("20 02 00 00"),
    hex("90 03 00 01 01"),
    hex("30 0a 00 03 61 2f 62 7b 7d 20 20 20"),
    hex("32 09 00 03 61 2f 62 00 07 7b 7d"),
    hex("40 02 00 02"),
    hex("d0 00"),
    hex("20 02 00 05"),
  ],
  5: [
    hex("20 03 00 00 00"),
    hex("20 0b 00 00 08 21 00 14 27 00 00 10 00"),
    hex("90 04 00 01 00 01"),
    hex("30 0b 00 03 61 2f 62 00 7b 7d 20 20 20"),
    hex("32 12 00 03 61 2f 62 00 07 08 08 00 05 61 2f 72 65 70 7b 7d"),
    hex("34 08 00 03 61 2f 62 00 09 00"),
    hex("40 03 00 02 10"),
    hex("62 02 00 09"),
    hex("d0 00"),
    hex("e0 02 8e 00"),
    hex("20 03 00 87 00"),
    hex("f0 02 18 00"),
  ],
};
const connack = { 4: packets[4][0]!, 5: packets[5][0]! };

const inputs: fc.Arbitrary<Answers> = fc.constantFrom<5 | 4>(5, 4).chain((version) => {
  const packet = fc.oneof(
    fc.constantFrom(...packets[version]),
    damaged(packets[version], 3),
    fc.uint8Array({ maxLength: 64 }).map((each) => Buffer.from(each)),
  );
  const all = fc.array(packet, { minLength: 1, maxLength: 5 });
  return fc.oneof(
    all.map((parts) => ({ version, parts })),
    all.map((parts) => ({ version, parts: [connack[version], ...parts] })),
    all.map((parts) => ({ version, parts: [Buffer.concat([connack[version], ...parts])] })),
  );
});

async function open(): Promise<Subject<Answers>> {
  let parts: readonly Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const answer = () => {
      const left = [...parts];
      const say = () => {
        const part = left.shift();
        if (part === undefined) socket.end();
        else socket.write(part, () => setImmediate(say));
      };
      say();
    };
    socket.once("data", answer).on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    async tryOne(answers) {
      parts = answers.parts;
      let lost: () => void = () => undefined;
      const over = new Promise<void>((resolve) => {
        lost = resolve;
      });
      try {
        const client = await openClient({
          url: `mqtt://127.0.0.1:${port}`,
          version: answers.version,
          clientId: "c",
          username: null,
          password: null,
          will: null,
          retain: true,
          keepaliveS: 60,
          connectTimeoutMs: 300,
          onReceived: () => undefined,
          onLost: lost,
        });
        const coded = (error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
        };
        const work = Promise.all([
          client.send({ topic: "t", payload: "p", qos: 1, retain: false }).catch(coded),
          client.subscribe("a/#").catch(() => undefined),
        ]);
        await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 300))]);
        client.destroy();
        await work;
        return TAKEN;
      } catch (error) {
        if (error instanceof CodedError) return requireCode(error.code);
        throw error;
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export const broker: FuzzKind<Answers> = { name: "broker", inputs, limitMs: 3_000, open };
