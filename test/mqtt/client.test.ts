import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { mqttClientContract } from "../contracts/mqtt-client.js";
import { fakeBroker } from "../fakes/mqtt-client.js";
import { startMosquitto } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";

mqttClientContract("the real one, with Mosquitto", async () => {
  const broker = await startMosquitto(undefined, ["allow_anonymous true", "max_packet_size 20000"]);
  const proxy = await startProxy(broker.port);
  return {
    open: (options) => openClient({ url: proxy.url, ...options }),
    cut: () => proxy.cut(),
    close: async () => {
      await proxy.close();
      await broker.stop();
    },
  };
});

mqttClientContract("the fake", async () => {
  const broker = fakeBroker({ maximumPacketBytes: 20_000 });
  return {
    open: (options) => broker.open({ url: "mqtt://nowhere", ...options }),
    cut: () => broker.cut(),
    close: async () => undefined,
  };
});
