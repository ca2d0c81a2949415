import { nullable, section, setting } from "./declare.js";
import { flag, integer, number, topicLevel } from "./formats.js";

/** What a configuration says of Sparkplug B. */
export const sparkplugSection = section("Sparkplug B 3.0, over a connection of its own; see docs/sparkplug.md", {
  enabled: setting(false, flag, "whether the agent is an edge node of Sparkplug, each camera one of its devices"),
  group: setting("retort", topicLevel, "the group's id in spBv1.0/<group>/..."),
  node: nullable(topicLevel, "the edge node's id; without it agent.id", { example: "line-7" }),
  hostId: nullable(topicLevel, "the primary host: nothing is published while it is not online", {
    example: "scada",
  }),
  everyS: setting(1, number(0.1, 3_600), "scores, frames/s and figures of the outbox at most so often, in seconds"),
  maxWaiting: setting(
    1_000,
    integer(0, 100_000),
    "verdicts and alerts of one camera that wait in memory for broker and host; beyond, the oldest are given up",
  ),
});
