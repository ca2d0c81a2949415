import { agentMetrics } from "./agent-metrics.js";
import { alertMetrics, cameraMetrics, scoreMetrics } from "./camera-metrics.js";
import type { EventFeed } from "./event-feed.js";
import { eventLoopMetric } from "./event-loop.js";
import { openInstruments } from "./instruments.js";
import { machineMetrics } from "./machine-metrics.js";
import { processMetrics } from "./process-metrics.js";
import { feedMetrics, streamMetrics } from "./stream-metrics.js";
import type { Streams } from "./streams.js";
import type { AgentView } from "./view.js";

/**
 * What Prometheus scrapes, in its text format. Every label value comes from the configuration or from a closed set, every
 * series is there from the start, and none depends on who else scrapes.
 */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

export interface MetricsSources {
  /** The agent's. */
  readonly version: string;
  readonly streams: Pick<Streams, "counts">;
  readonly feed: Pick<EventFeed, "counts">;
}

export function openMetrics(view: AgentView, { version, streams, feed }: MetricsSources): Metrics {
  const make = openInstruments();
  const observed = [scoreMetrics(view, make), alertMetrics(view, make)];
  const reads = [
    cameraMetrics(view, make),
    agentMetrics(view, make),
    streamMetrics(view, make, streams),
    feedMetrics(make, feed),
  ];
  const readsLater = [machineMetrics(view, make), processMetrics(make)];
  const endEventLoop = eventLoopMetric(make);
  make.gauge("retort_build_info", "1", ["version", "node"]).set({ version, node: process.version }, 1);
  return {
    contentType: make.contentType,
    text: async () => {
      for (const read of reads) read();
      await Promise.all(readsLater.map((read) => read()));
      return make.text();
    },
    close: () => {
      for (const subscription of observed) subscription.unsubscribe();
      endEventLoop();
    },
  };
}
