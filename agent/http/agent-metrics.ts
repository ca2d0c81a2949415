import { messageLosses, outboxLosses } from "../contract/losses.js";
import { modbusHangUps } from "../contract/modbus-health.js";
import { isPending } from "../contract/provider-health.js";
import type { Instruments } from "./instruments.js";
import type { AgentView } from "./view.js";

const MIB = 1_048_576;

/** Delivery, models and evidence, as the agent's own account says. @returns reads it anew */
export function agentMetrics(view: AgentView, make: Instruments): () => void {
  const reads = [
    outboxMetrics(view, make),
    brokerMetrics(view, make),
    modbusMetrics(view, make),
    modelMetrics(view, make),
    evidenceMetrics(view, make),
  ];
  return () => {
    for (const read of reads) read();
  };
}

function outboxMetrics({ config, outbox }: AgentView, make: Instruments): () => void {
  const depth = make.gauge("retort_outbox_depth", "Alert messages that wait for the broker");
  const age = make.gauge("retort_outbox_age_seconds", "How long the oldest of them waits");
  const bytes = make.gauge("retort_outbox_bytes", "Alerts, verdicts and pictures that wait on disk");
  const most = make.gauge("retort_outbox_max_bytes", "What may wait on disk, as outbox.maxMb says");
  most.set(config.outbox.maxMb * MIB);
  const pictures = make.gauge("retort_outbox_pictures", "Pictures that wait for the broker");
  const verdicts = make.gauge("retort_outbox_verdicts", "Verdicts that wait for the broker");
  const undurable = make.gauge("retort_outbox_undurable", "Alerts and verdicts that wait in memory only");
  const full = make.gauge("retort_outbox_full", "1 while the disk has no room");
  const lost = make.counter("retort_outbox_lost_total", "Alerts, verdicts and pictures given up", ["reason"]);
  return () => {
    const health = outbox();
    depth.set(health.depth);
    age.set(health.ageMs / 1_000);
    bytes.set(health.bytes);
    pictures.set(health.evidence);
    verdicts.set(health.verdicts);
    undurable.set(health.undurable);
    full.set(health.full ? 1 : 0);
    lost.reset();
    for (const reason of outboxLosses) lost.inc({ reason }, health.lost[reason] ?? 0);
  };
}

function brokerMetrics({ broker }: AgentView, make: Instruments): () => void {
  const connected = make.gauge("retort_broker_connected", "1 while there is a connection to the broker");
  const waiting = make.gauge("retort_messages_waiting", "Messages other than alerts that wait in memory");
  const lost = make.counter("retort_messages_lost_total", "Messages other than alerts, given up", ["reason"]);
  return () => {
    const health = broker();
    connected.set(health.connected ? 1 : 0);
    waiting.set(health.waiting);
    lost.reset();
    for (const reason of messageLosses) lost.inc({ reason }, health.lost[reason] ?? 0);
  };
}

function modbusMetrics({ modbus }: AgentView, make: Instruments): () => void {
  const listening = make.gauge("retort_modbus_listening", "1 while PLCs can poll over Modbus/TCP");
  const connections = make.gauge("retort_modbus_connections", "Connections over Modbus/TCP");
  const requests = make.counter("retort_modbus_requests_total", "Requests over Modbus/TCP");
  const refused = make.counter("retort_modbus_refused_total", "Requests for something else than reading");
  const hungUp = make.counter("retort_modbus_hung_up_total", "Connections turned away or hung up on", ["reason"]);
  return () => {
    const health = modbus();
    listening.set(health?.listening ? 1 : 0);
    connections.set(health?.connections ?? 0);
    for (const each of [requests, refused, hungUp]) each.reset();
    requests.inc(health?.requests ?? 0);
    refused.inc(health?.refused ?? 0);
    for (const reason of modbusHangUps) hungUp.inc({ reason }, health?.hungUp[reason] ?? 0);
  };
}

function modelMetrics({ config, models, selfTests, stuckThreads }: AgentView, make: Instruments): () => void {
  const labelNames = ["model", "name", "version", "provider"] as const;
  const info = make.gauge("retort_model_info", "1 for each model that is loaded", labelNames);
  const refused = make.gauge(
    "retort_model_providers_refused",
    "Providers that are preferred to the one in use, and could not hold the model",
    ["model"],
  );
  const faulty = make.gauge(
    "retort_model_provider_fault",
    "1 where it is a fault that the model runs on the provider in use, by inference.fallback",
    ["model"],
  );
  const building = make.gauge(
    "retort_model_engine_building",
    "1 while the model's TensorRT engine is built and another provider judges",
    ["model"],
  );
  const engineAge = make.gauge(
    "retort_model_engine_age_seconds",
    "For how long the model's TensorRT engine is in the state that it is in",
    ["model", "state"],
  );
  const engineFailures = make.gauge(
    "retort_model_engine_failures",
    "Builds of the model's TensorRT engine that came to nothing since it last judged",
    ["model"],
  );
  const passed = make.gauge(
    "retort_self_test_passed",
    "1 where the model finds the defects of its golden pictures, 0 where it is blind, NaN until that is known",
    ["model"],
  );
  const stuck = make.gauge("retort_inference_threads_stuck", "Inference threads that do not come back");
  const tested = Object.entries(config.models).flatMap(([model, { selfTest }]) =>
    selfTest === undefined ? [] : [model],
  );
  return () => {
    info.reset();
    refused.reset();
    faulty.reset();
    for (const each of [building, engineAge, engineFailures]) each.reset();
    for (const [model, { engine }] of models) {
      const { name, version } = engine.model;
      const { used, tried, fault = null, engine: built } = engine.providers();
      faulty.set({ model }, Number(fault !== null));
      info.set({ model, name, version, provider: used }, 1);
      // They are in the order of preference; those behind the one in use were not needed.
      const taken = tried.findIndex((each) => each.taken);
      refused.set({ model }, Math.max(taken, 0) - Number(taken > 0 && isPending(built)));
      if (built === undefined) continue;
      building.set({ model }, Number(built.state === "building-engine"));
      engineAge.set({ model, state: built.state }, built.ageS);
      engineFailures.set({ model }, built.failures);
    }
    const results = selfTests();
    for (const model of tested) passed.set({ model }, scoreOf(results[model]?.passed ?? null));
    stuck.set(stuckThreads());
  };
}

/** NaN is the format's own word for unknown. */
function scoreOf(passed: boolean | null): number {
  return passed === null ? Number.NaN : Number(passed);
}

function evidenceMetrics({ evidence }: AgentView, make: Instruments): () => void {
  const pictures = make.counter("retort_evidence_pictures_total", "Pictures of alerts", ["outcome"]);
  const bytes = make.gauge("retort_evidence_bytes", "What pictures and raw frames take on disk");
  const sum = (counts: Readonly<Record<string, number>> = {}) => Object.values(counts).reduce((a, b) => a + b, 0);
  return () => {
    // Null where it is switched off: nothing is made, skipped or failed then.
    const health = evidence.health();
    pictures.reset();
    pictures.inc({ outcome: "made" }, health?.made ?? 0);
    pictures.inc({ outcome: "skipped" }, sum(health?.skipped));
    pictures.inc({ outcome: "failed" }, sum(health?.failed) + sum(health?.stored.failed));
    bytes.set((health?.stored.mb ?? 0) * MIB);
  };
}
