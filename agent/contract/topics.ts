import { RESERVED_LEVELS } from "../../config/reserved-levels.js";
import { CodedError } from "../../errors.js";

/** The topics of the contract, without the `T/` in front; `T` is `<prefix>/<agent id>`. */
export const topics = {
  status: "status",
  health: "health",
  state: (camera: string) => `${camera}/state`,
  /** What else is in force and known of a camera, where somebody wants it in few messages. */
  summary: (camera: string) => `${camera}/summary`,
  /** The newest picture of an alert, retained, where somebody wants it. */
  picture: (camera: string) => `${camera}/picture`,
  score: (camera: string) => `${camera}/score`,
  alert: (camera: string) => `${camera}/alert`,
  verdict: (camera: string) => `${camera}/verdict`,
  contextAck: (camera: string) => `${camera}/context/ack`,
  evidence: (camera: string, alertId: string) => `${camera}/evidence/${alertId}`,
  /** Of a part, by its verdict's `seq`. */
  partEvidence: (camera: string, seq: number) => `${camera}/evidence/part-${seq}`,
  reply: (command: string) => `reply/${command}`,
  /** Where `retort doctor` tries out the broker. */
  doctor: "doctor",
} as const;

/** `T`, without a slash at its end. */
export function baseTopic(prefix: string, agentId: string): string {
  return `${prefix}/${agentId}`;
}

/** The agent's subscriptions, in full. */
export function subscriptions(base: string): readonly string[] {
  return [`${base}/cmd/+`, `${base}/+/context`];
}

/** What agents say of themselves and their cameras, as a listener hears it. */
export type Outbound =
  | { readonly kind: "status" | "health"; readonly agent: string }
  | { readonly kind: "state" | "alert" | "verdict"; readonly agent: string; readonly camera: string };

/** The subscriptions that bring these, of one agent or of all (`+`); an agent's status last: with it all others are in force. */
export function listenersOf(prefix: string, agent = "+"): readonly string[] {
  const base = baseTopic(prefix, agent);
  const ofCameras = [topics.state("+"), topics.alert("+"), topics.verdict("+")];
  return [topics.health, ...ofCameras, topics.status].map((topic) => `${base}/${topic}`);
}

/** Says what a topic that an agent publishes on is; null for any other. */
export function outboundOf(prefix: string, topic: string): Outbound | null {
  const [agent = "", first = "", second, ...more] = topic.startsWith(`${prefix}/`)
    ? topic.slice(prefix.length + 1).split("/")
    : [];
  if (agent === "" || first === "" || more.length > 0) return null;
  if (second === undefined) return first === topics.status || first === topics.health ? { kind: first, agent } : null;
  if (RESERVED_LEVELS.includes(first)) return null;
  if (second !== "state" && second !== "alert" && second !== "verdict") return null;
  return { kind: second, agent, camera: first };
}

export type Inbound =
  | { readonly kind: "command"; readonly command: string }
  | { readonly kind: "context"; readonly camera: string }
  /** It matches a subscription, and is of the agent's own: `T/reply/context`. */
  | { readonly kind: "own" }
  /** It matches no subscription. */
  | { readonly kind: "foreign" };

/** Says what an incoming topic is. */
export function inboundOf(base: string, topic: string): Inbound {
  const levels = topic.startsWith(`${base}/`) ? topic.slice(base.length + 1).split("/") : [];
  const [first, second] = levels;
  if (levels.length !== 2 || first === undefined || second === undefined) return { kind: "foreign" };
  if (first === "cmd") return { kind: "command", command: second };
  if (second !== "context") return { kind: "foreign" };
  return RESERVED_LEVELS.includes(first) ? { kind: "own" } : { kind: "context", camera: first };
}

/**
 * The topic of a reply: the response topic that the asker gave (MQTT 5, 4.10), else the command's own. Never one on which a broker
 * hangs up; and none below the prefix but the replies', since whoever may only ask must not make the agent publish in its own name, or
 * command another agent.
 */
export function replyTopic(base: string, command: string, responseTopic: string | null): string {
  const own = `${base}/${topics.reply(command)}`;
  if (responseTopic === null) return own;
  const prefix = base.slice(0, base.lastIndexOf("/"));
  const foreign = !responseTopic.startsWith(`${prefix}/`) || responseTopic.startsWith(`${base}/reply/`);
  // Mosquitto hangs up on more than 200 levels.
  const possible =
    responseTopic !== "" && !/[+#\p{Cc}]|^\$/u.test(responseTopic) && responseTopic.split("/").length <= 100;
  return foreign && possible && Buffer.byteLength(responseTopic) <= 1_000 ? responseTopic : own;
}

/**
 * Why a text cannot be one topic level, null when it can: not empty, no wildcard, no separator, no control character
 * (MQTT 5, 4.7 and 1.5.4), and no leading `$`, which brokers keep for themselves.
 */
export function levelFault(level: string): string | null {
  if (level === "") return "is empty";
  if (/[/+#]/.test(level)) return "holds one of / + #";
  if (/\p{Cc}/u.test(level)) return "holds a control character";
  if (level.startsWith("$")) return "starts with $";
  if (Buffer.byteLength(level) > 200) return "is longer than 200 bytes";
  return null;
}

/**
 * The client id, made from the agent's id so that a second agent of the same id is noticed: the broker throws out the first.
 * MQTT 3.1.1 [MQTT-3.1.3-5] promises only 23 characters of 0-9a-zA-Z; the brokers in use take more.
 */
export function clientIdOf(agentId: string): string {
  const fault = levelFault(agentId);
  if (fault !== null) {
    throw new CodedError("AGENT_ID_INVALID", `the agent's id ${fault}`, { at: "agent.id" });
  }
  return `retort-${agentId}`;
}
