import { chapter, failed, wrong } from "./chapter.js";

const RECONNECTS = "The agent reconnects by itself.";

export const brokerCodes = chapter("The broker", "docs/mqtt.md#brokers", {
  MQTT_BANNED: failed(
    "The broker has banned this agent, or its user.",
    "Ask whoever runs the broker; the agent tries again every minute.",
  ),
  MQTT_BROKER_BUSY: failed("The broker is there and takes no connection.", RECONNECTS),
  MQTT_CLIENT_ID_REFUSED: failed(
    "The broker does not take the agent's client id, `retort-` and its agent.id.",
    "Use a shorter agent.id of letters and digits only, or allow such client ids on the broker.",
  ),
  MQTT_EMBEDDED_FAILED: failed("The embedded broker cannot listen.", "Set mqtt.url to a broker of your own."),
  MQTT_FAILED: failed("A connection failed for a reason that has no code of its own.", RECONNECTS),
  MQTT_HUNG_UP: failed(
    "The broker ends the connection whenever a certain packet is sent. It is given up, and with it for an hour what is as large or of its topic; of alerts one at most, the others wait.",
    "Check the broker's limit for a message and its access list for this topic, and its log.",
  ),
  MQTT_ID_TAKEN: failed(
    "Another client connects under this agent's id; they keep away from each other for minutes.",
    "Give each agent its own agent.id, or stop the second one. Alerts wait meanwhile.",
  ),
  MQTT_LIMIT_EXCEEDED: failed(
    "The broker refuses the connection because of a quota or a rate.",
    "Raise the broker's limit for this user; the agent tries again every minute.",
  ),
  MQTT_LOST: failed("The connection to the broker was lost.", RECONNECTS),
  MQTT_MOVED: failed("The broker sends its clients to another one.", "Set mqtt.url to the other broker."),
  MQTT_NOT_AUTHORIZED: failed(
    "The broker does not let this agent in.",
    "Check mqtt.username and mqtt.passwordFile, or the client certificate, and the broker's list of users.",
  ),
  MQTT_NO_ACK: failed("The broker acknowledged nothing for too long.", RECONNECTS),
  MQTT_NO_QOS: failed(
    "The broker takes messages of QoS 0 only: it would not acknowledge alerts, so they could be lost without a word.",
    "Allow QoS 1 on the broker (Mosquitto: max_qos 1 or 2). Alerts wait meanwhile.",
  ),
  MQTT_NO_RETAIN: failed(
    "The broker keeps no retained messages: status, states and health reach only those who listen when they are published.",
    "Allow retained messages on the broker (Mosquitto: retain_available true); the agent works without.",
  ),
  MQTT_PACKET_TOO_LARGE: failed(
    "A message is larger than the broker says it takes, and is given up.",
    "Raise the broker's limit (Mosquitto: max_packet_size, message_size_limit).",
  ),
  MQTT_PASSWORD_UNREADABLE: wrong(
    "The file of the broker's password cannot be read.",
    "Point to a file that this user may read.",
  ),
  MQTT_PUBLISH_FAILED: failed("A message did not reach the broker.", "It is sent again over the next connection."),
  MQTT_PUBLISH_INVALID: failed(
    "The broker calls a message invalid, and it is given up.",
    "See the broker's log: no repetition helps.",
  ),
  MQTT_PUBLISH_REFUSED: failed(
    "The broker refuses a message.",
    "Check the broker's access list for this topic, and its log.",
  ),
  MQTT_REFUSED: failed("The broker refuses the connection.", "See the broker's log."),
  MQTT_SUBSCRIBE_REFUSED: failed(
    "The broker refuses a subscription: commands, or contexts, do not reach the agent.",
    "Check the broker's access list for reading this topic; the agent asks again within ten minutes, and at each connection.",
  ),
  MQTT_STOP_UNSAID: failed(
    "The agent could not publish `stopped` before it ended.",
    "Nothing to do: the broker publishes `offline` in its place.",
  ),
  MQTT_TLS_CLIENT_REFUSED: failed(
    "The broker does not accept the agent's certificate.",
    "Give mqtt.certFile and mqtt.keyFile a certificate that the broker's authority has issued and that is valid.",
  ),
  MQTT_TLS_EXPIRED: failed(
    "The broker's certificate has expired.",
    "Renew the broker's certificate (or its authority's), and check this machine's clock.",
  ),
  MQTT_TLS_FAILED: failed(
    "The TLS handshake with the broker failed.",
    "Check that this is the broker's TLS port, and that it speaks TLS 1.2 or newer.",
  ),
  MQTT_TLS_FILE_INVALID: wrong(
    "A certificate or key is not what it should be.",
    "Give a whole PEM file; a key without a passphrase.",
  ),
  MQTT_TLS_FILE_UNREADABLE: wrong(
    "A certificate or key cannot be read.",
    "Point to a PEM file that this user may read.",
  ),
  MQTT_TLS_HOST: failed(
    "The broker's certificate is for another name.",
    "Write the name of the broker's certificate in mqtt.url, or as mqtt.serverName beside an address; it is never skipped.",
  ),
  MQTT_TLS_KEY_MISMATCH: wrong(
    "mqtt.keyFile is not the key of the certificate in mqtt.certFile.",
    "Give the key and the certificate that were made together.",
  ),
  MQTT_TLS_NOT_YET_VALID: failed(
    "The broker's certificate is not valid yet.",
    "Check this machine's clock; if it is right, the broker's certificate is meant for later.",
  ),
  MQTT_TLS_REQUIRED: failed(
    "This port speaks TLS and the agent does not.",
    "This port speaks TLS: write mqtts:// (or wss://) in mqtt.url.",
  ),
  MQTT_TLS_UNTRUSTED: failed(
    "The authority that issued the broker's certificate is not known to this agent.",
    "Name the authority that issued the broker's certificate in mqtt.caFile; it is never trusted without.",
  ),
  MQTT_UNREACHABLE: failed(
    "The broker cannot be reached.",
    "Check mqtt.url, that the broker runs, and that no firewall is between.",
  ),
  MQTT_VERSION_REFUSED: failed(
    "The broker takes neither MQTT 5 nor 3.1.1 on this port.",
    "The agent tries MQTT 3.1.1 by itself; if that fails too, check that this is an MQTT broker's port.",
  ),
  MQTT_WEBSOCKET_REFUSED: failed(
    "The other side does not take websockets at this address.",
    "Check port and path of mqtt.url: many brokers take websockets on a path such as /mqtt only.",
  ),
});

export const inboundCodes = chapter("Commands and contexts over MQTT", "docs/mqtt.md#commands", {
  ALERT_UNKNOWN: failed(
    "The alert that a command names is not remembered.",
    "To be shelved: one of the last 100 of a camera since the agent started; to be acknowledged: one of the history.",
  ),
  CALIBRATE_ALERT_STANDS: failed(
    "An alert stands at the camera: its frames cannot all be of good parts; nothing was changed.",
    "Clear the line of what raised it, wait until the alert is cleared, then calibrate.",
  ),
  CALIBRATE_IMPLAUSIBLE: failed(
    "Many frames lie far above the others, or they would give a threshold far above the model's own or below most good pictures of its training; nothing was changed.",
    "Keep defects out of the frames; where there were none, train the model on pictures of how it looks now.",
  ),
  CALIBRATE_TOO_FEW_FRAMES: failed(
    "Fewer frames came than were asked for; nothing was changed.",
    "See that the camera delivers, ask for fewer frames, or give it more seconds.",
  ),
  CAMERA_DISABLED: failed("The camera is disabled.", "Send the command enable first."),
  CAMERA_NOT_READY: failed(
    "The camera's model is not loaded.",
    "Wait until the camera is ok; its state tells what is wrong.",
  ),
  CAMERA_UNKNOWN: failed("The agent has no camera of this name.", "Name a camera of this agent."),
  COMMAND_BUSY: failed("Too many commands are being carried out.", "Send it again when others are done."),
  COMMAND_FAILED: failed("A command failed for a reason that has no code of its own.", "See the agent's log."),
  COMMAND_ID_MISSING: failed("A command has no id.", 'Give each command an "id" of 1 to 128 characters.'),
  COMMAND_ID_REUSED: failed("The id belongs to an earlier, different command.", "Give each command an id of its own."),
  COMMAND_INVALID: failed(
    "A command's arguments are not those of its schema.",
    "See the command's schema in agent/contract/schemas.",
  ),
  COMMAND_NAME_INVALID: failed(
    "A command's name cannot be a level of a topic.",
    "Send commands by the names of the schemas.",
  ),
  COMMAND_RETAINED: failed(
    "A retained command is refused: it would repeat at every restart.",
    "Send commands without the retain flag, and clear this one with an empty retained message.",
  ),
  COMMAND_STOPPED: failed("The agent stops: the command was given up.", "Send it again when the agent runs."),
  COMMAND_TIMEOUT: failed("A command took too long and was given up.", "See the camera's state, then send it again."),
  COMMAND_UNKNOWN: failed("There is no such command.", "See docs/mqtt.md for the commands."),
  CONTEXT_CAMERA_UNKNOWN: failed(
    "A context was published for a camera that this agent does not have.",
    "Publish to the topic of one of the agent's cameras.",
  ),
  CONTEXT_INVALID: failed(
    "A context is not a JSON object of the form that is taken.",
    "Send a JSON object after agent/contract/schemas/context.json.",
  ),
  CONTEXT_TOO_MANY: failed(
    "Contexts are named for more frames ahead than are kept: this one is not taken, and not acknowledged.",
    "Name parts no further ahead; send it again when some of the frames have come.",
  ),
  FEEDBACK_ALERT_INVALID: failed("Feedback names no alert's id.", "Name the alert by its id, as its messages do."),
  FEEDBACK_FAILED: failed(
    "The frames of an alert cannot be moved to the feedback folder.",
    "See that the agent may write there, and that the disk has room.",
  ),
  FEEDBACK_FULL: failed(
    "The feedback folder holds as much as it may.",
    "Train with what is there, then move it away; or raise evidence.maxMb.",
  ),
  FEEDBACK_NO_FRAME: failed(
    "No raw frame of this alert or part is kept, or none any more.",
    "Alerts and ng parts have one. Give feedback sooner, or let more be kept: evidence.maxMb, evidence.keepDays.",
  ),
  FEEDBACK_VERDICT_INVALID: failed("The verdict is none that feedback takes.", "Send defect or not_a_defect."),
  INSPECT_NOT_POSSIBLE: failed(
    "The command inspect was sent for a camera whose parts are not of one picture each, or that sees no parts.",
    "Set parts.per: frame; for parts of N pictures parts.on: inspect, too.",
  ),
  INSPECT_NO_VERDICT: failed(
    "The verdict of an inspection was given up: the agent stops, or its disk takes nothing.",
    "Take the part for unknown; look at the agent's disk.",
  ),
  MQTT_TOPIC_FOREIGN: failed(
    "A message came on a topic that the agent did not subscribe to.",
    "RabbitMQ makes levels of dots: use an agent.id, a prefix and camera ids without them.",
  ),
  NOT_SHELVED: failed(
    "What a command would end the shelving of is not shelved.",
    "Give the minutes to shelve it for; 0 ends a shelving.",
  ),
  PAYLOAD_INVALID: failed("A message is not a JSON object.", "Send a JSON object in UTF-8."),
  PAYLOAD_TOO_LARGE: failed("A message is larger than what is taken.", "Send a smaller JSON object."),
  REPLY_TOO_LARGE: failed(
    "The reply to a command is larger than the broker takes.",
    "Raise the broker's limit for a message, or ask for less (snapshot: size model).",
  ),
  SNAPSHOT_NO_PICTURE: failed("No picture came from the camera.", "The camera's state tells what is wrong."),
});
