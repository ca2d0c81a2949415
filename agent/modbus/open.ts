import { type Observable, Subscription } from "rxjs";
import { isLoopback } from "../../config/loopback.js";
import { modbusAddresses } from "../../config/modbus.js";
import type { CameraConfig, Config, ModbusConfig } from "../../config/types.js";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import type { ModbusHealth } from "../contract/modbus-health.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { CameraState } from "../contract/payloads.js";
import { keepTrying } from "../kit/keep-trying.js";
import type { Logger } from "../kit/log.js";
import type { Outcome } from "../types.js";
import { type BlockStanding, CameraBlock } from "./camera-block.js";
import type { Traffic } from "./guard.js";
import { type Block, RegisterImage } from "./image.js";
import { AGENT_BITS, AGENT_REGISTERS, bitsOf, HEARTBEAT_MS, MAP_VERSION, wordsOf } from "./register-map.js";
import { type ListeningServer, listen } from "./server.js";

/** What a PLC is told of a camera beside its verdicts. */
export interface ModbusCamera {
  readonly config: CameraConfig;
  readonly enabled: boolean;
  readonly standing: {
    readonly state: CameraState;
    /** True where its source has come to its end. */
    readonly ended?: true;
  };
  /** Null where it sees no parts: then the score of its newest picture is told. */
  readonly parts: object | null;
  readonly outcomes$: Observable<Outcome>;
}

export interface ModbusDeps {
  /** Each verdict, with its number. */
  readonly judged$: Observable<VerdictPayload>;
  /** The last number of a camera's verdicts, those of earlier runs included; 0 before the first. */
  readonly lastNumber: (camera: string) => number;
  readonly log: Logger;
  readonly random?: () => number;
}

/** The agent as a Modbus server: PLCs poll it. */
export interface Modbus {
  /** Resolves when it listens, or the first try has failed and is logged. Never rejects. */
  readonly tried: Promise<void>;
  /**
   * Cameras run: from now on they may be `ready`.
   * @param faultOf why it is a fault that a model runs where it does; null where it is none
   * @returns what ends that; verdicts go on being told
   */
  watch(cameras: readonly ModbusCamera[], faultOf: (model: string) => string | null): () => void;
  health(): ModbusHealth;
  /** Cuts every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** `idle`: the line stands still, the camera is well. */
const JUDGING: ReadonlySet<CameraState> = new Set(["ok", "anomalous", "idle"]);

/** Lets PLCs read verdicts from now on. What keeps it from that (its port is taken) is logged once and tried again. */
export function openModbus({ modbus, cameras }: Config, { judged$, lastNumber, log, random }: ModbusDeps): Modbus {
  const blocks = new Map(cameras.map(({ id }) => [id, new CameraBlock(lastNumber(id))]));
  let watched: ReadonlyMap<string, ModbusCamera> = new Map();
  /** Whether who is watched may be `ready`: not once the agent stops. */
  let mayBeReady = false;
  let providerFaultOf: (model: string) => string | null = () => null;
  let heartbeat = 0;
  const beating = setInterval(() => {
    heartbeat = (heartbeat + 1) % 65_536;
  }, HEARTBEAT_MS);
  const standing = (id: string): BlockStanding => {
    const camera = watched.get(id);
    const state = camera?.standing.state ?? "starting";
    const isJudging = JUDGING.has(state) && camera?.standing.ended !== true;
    const providerFault = camera !== undefined && providerFaultOf(camera.config.model) !== null;
    return { ready: mayBeReady && camera?.enabled === true && isJudging, state, providerFault };
  };
  const allReady = (): boolean => {
    const enabled = [...watched.values()].filter((camera) => camera.enabled);
    return enabled.length > 0 && enabled.every(({ config }) => standing(config.id).ready);
  };
  const providerFaults = (): number => cameras.filter(({ id }) => standing(id).providerFault).length;
  const addresses = modbusAddresses(cameras);
  const agent: Block = {
    address: 0,
    registers: () => {
      const ready = cameras.filter(({ id }) => standing(id).ready).length;
      const counts = { cameras: cameras.length, camerasReady: ready, providerFaults: providerFaults() };
      return wordsOf(AGENT_REGISTERS, { mapVersion: MAP_VERSION, heartbeat, ...counts });
    },
    bits: () => {
      const providerFault = providerFaults() > 0;
      return bitsOf(AGENT_BITS, { heartbeat: heartbeat % 2 === 1, allReady: allReady(), providerFault });
    },
  };
  const image = new RegisterImage([
    agent,
    ...[...blocks].map(
      ([id, block], index): Block => ({
        address: addresses[index]!,
        registers: () => block.registers(standing(id)),
        bits: () => block.bits(standing(id)),
      }),
    ),
  ]);
  const heard = judged$.subscribe((verdict) => blocks.get(verdict.camera)?.take(verdict));

  const traffic: Traffic = {
    connections: 0,
    requests: 0,
    refused: 0,
    hungUp: { full: 0, malformed: 0, excess: 0, idle: 0 },
  };
  const { host, port, unitId } = modbus;
  const limits = { maxConnections: modbus.maxConnections, idleMs: modbus.idleS * 1_000 };
  const onError = (error: Error): void => log.error(`MODBUS_FAILED: ${messageOf(error)}`);
  let server: ListeningServer | null = null;
  const attempt = async (): Promise<void> => {
    server = await listen(image, { host, port, unitId, limits, traffic, onError });
    log.info(`Modbus/TCP on ${host}:${port}${isLoopback(host) ? "" : ", for whoever reaches it"}`);
  };
  const trying = keepTrying(attempt, { faultOf: (error) => faultOf(error, modbus), log, random });
  return {
    tried: trying.tried,
    watch: (running, faultOf) => {
      providerFaultOf = faultOf;
      watched = new Map(running.map((camera) => [camera.config.id, camera]));
      mayBeReady = true;
      const scores = new Subscription();
      for (const { config, parts, outcomes$ } of running) {
        if (parts !== null) continue;
        const block = blocks.get(config.id);
        const tell = (outcome: Outcome): void => {
          if (outcome.kind === "inspected") block?.saw(outcome.inspection.score);
        };
        scores.add(outcomes$.subscribe(tell));
      }
      return () => {
        mayBeReady = false;
        scores.unsubscribe();
      };
    },
    health: () => ({ listening: server !== null, ...traffic, hungUp: { ...traffic.hungUp } }),
    close: async () => {
      clearInterval(beating);
      heard.unsubscribe();
      await trying.stop();
      await server?.close();
      server = null;
    },
  };
}

function faultOf(error: unknown, { host, port }: ModbusConfig): CodedError {
  const message = `cannot listen on ${host}, port ${port}, for Modbus: ${messageOf(error)}`;
  switch (errnoOf(error)) {
    case "EADDRINUSE":
      return new CodedError("MODBUS_PORT_TAKEN", message, { at: "modbus.port", cause: error });
    case "EACCES":
      return new CodedError("MODBUS_PORT_FORBIDDEN", message, { at: "modbus.port", cause: error });
    default:
      return new CodedError("MODBUS_FAILED", message, { at: "modbus.host", cause: error });
  }
}
