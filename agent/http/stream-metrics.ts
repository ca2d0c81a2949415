import type { EventFeed } from "./event-feed.js";
import type { Instruments } from "./instruments.js";
import type { Streams } from "./streams.js";
import type { AgentView } from "./view.js";

const NONE = { clients: 0, sent: 0, dropped: 0, cut: 0 };

/** The clients of each camera's stream and what they took. @returns reads it anew */
export function streamMetrics({ cameras }: AgentView, make: Instruments, streams: Pick<Streams, "counts">): () => void {
  const labelNames = ["camera"] as const;
  const clients = make.gauge("retort_stream_clients", "Clients of /stream", labelNames);
  const sent = make.counter("retort_stream_pictures_sent_total", "Pictures that clients took", labelNames);
  const dropped = make.counter(
    "retort_stream_pictures_dropped_total",
    "Pictures not sent to clients that were still busy with an earlier one",
    labelNames,
  );
  const cut = make.counter("retort_stream_clients_cut_total", "Clients that took nothing for too long", labelNames);
  return () => {
    for (const each of [sent, dropped, cut]) each.reset();
    for (const { config } of cameras) {
      const camera = config.id;
      const counts = streams.counts().get(camera) ?? NONE;
      clients.set({ camera }, counts.clients);
      sent.inc({ camera }, counts.sent);
      dropped.inc({ camera }, counts.dropped);
      cut.inc({ camera }, counts.cut);
    }
  };
}

/** The live views that are open. @returns reads it anew */
export function feedMetrics(make: Instruments, feed: Pick<EventFeed, "counts">): () => void {
  const clients = make.gauge("retort_events_clients", "Open live views");
  const sent = make.counter("retort_events_pictures_sent_total", "Pictures that live views took");
  const dropped = make.counter("retort_events_pictures_dropped_total", "Pictures that live views were too slow for");
  const cut = make.counter("retort_events_clients_cut_total", "Live views that took nothing for too long");
  return () => {
    for (const each of [sent, dropped, cut]) each.reset();
    const counts = feed.counts();
    clients.set(counts.clients);
    sent.inc(counts.picturesSent);
    dropped.inc(counts.picturesDropped);
    cut.inc(counts.cut);
  };
}
