/** The configuration after all layers are merged and checked: the contract's YAML, readonly, every default filled in. */

export interface Config {
  readonly agent: AgentConfig;
  readonly mqtt: MqttConfig;
  /** By the name that cameras refer to. */
  readonly models: Readonly<Record<string, ModelConfig>>;
  readonly inference: InferenceConfig;
  readonly cameras: readonly CameraConfig[];
  readonly alerts: AlertsConfig;
  readonly outbox: OutboxConfig;
  readonly evidence: EvidenceConfig;
  readonly http: HttpConfig;
  readonly state: StateConfig;
}

export interface AgentConfig {
  /** One MQTT topic level; the host's name unless given. */
  readonly id: string;
}

export interface MqttConfig {
  /** `embedded`, or an address mqtt:// | mqtts:// | ws:// | wss://. */
  readonly url: string;
  readonly prefix: string;
  readonly username: string | null;
  /** The first line of this file is the password: it never stands in the configuration itself. */
  readonly passwordFile: string | null;
  /** PEM: who may vouch for the broker, none else; null: the authorities that Node ships. */
  readonly caFile: string | null;
  /** PEM: the certificate that the agent shows, and its key. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** The name that the broker's certificate must carry, where `url` names the broker otherwise. */
  readonly serverName: string | null;
}

export interface ModelConfig {
  /** A bundle directory, absolute, or relative to the package for the shipped one. */
  readonly path: string;
  /** Absent: the model is not tested. */
  readonly selfTest?: SelfTestConfig;
}

/** Golden samples: pictures whose truth is known, as the model sees them. */
export interface SelfTestConfig {
  /** A folder of known-bad pictures, absolute; `demo`: parts of the demo line, drawn. */
  readonly path: string;
  /** A folder of known-good ones. */
  readonly goodPath: string | null;
  readonly everyMinutes: number;
}

export type ProviderName = "tensorrt" | "cuda" | "cpu";
export type Precision = "fp32" | "fp16";

export interface InferenceConfig {
  /** In order of preference; the first that works is taken. */
  readonly providers: readonly ProviderName[];
  readonly precision: Precision;
  /** Intra-op threads, 0: as many as there are cores. */
  readonly threads: number;
  readonly maxBatch: number;
}

export interface CameraConfig {
  /** One MQTT topic level, unique. */
  readonly id: string;
  /** A key of `models`. */
  readonly model: string;
  readonly enabled: boolean;
  readonly source: SourceConfig;
  /** The most frames a second that are asked of the source. */
  readonly fps: number;
  /** Shares of the frame, 0..1, origin top left. */
  readonly roi: RoiConfig;
  readonly health: HealthConfig;
  readonly alert: AlertConfig;
}

export interface RoiConfig {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is no view of a part: such pictures are not judged, and fault the camera. Shares are 0..1. */
export interface HealthConfig {
  readonly enabled: boolean;
  /** Share of the picture that is dark. */
  readonly black: number | "off";
  /** Share of the picture that is as bright as can be. */
  readonly saturated: number | "off";
  /** The same picture so many times in a row; `auto`: by the kind of source. */
  readonly frozenAfter: number | "auto" | "off";
  /** Share of the least sharpness of the training's pictures. */
  readonly blurred: number | "off";
  /** Share of the places with detail that lost it. */
  readonly obstructed: number | "off";
}

export interface AlertConfig {
  /** `model`: the bundle's own. */
  readonly threshold: number | "model";
  readonly raiseAfter: number;
  /** The N of "raiseAfter of the last N"; as many as clear an alert, and at least raiseAfter, when null. */
  readonly within: number | null;
  readonly clearAfter: number;
  /** Share of the threshold, 0..1. */
  readonly clearBelow: number;
  readonly mergeWithinS: number;
}

export interface AlertsConfig {
  /** Raised a minute on the whole agent; 0: never. */
  readonly floodAbove: number;
  readonly summaryEveryS: number;
  /** What /api/alerts knows of. */
  readonly historyMax: number;
  readonly historyDays: number;
}

/** Pictures of alerts, and the raw frames that `feedback` keeps for training. */
export interface EvidenceConfig {
  readonly enabled: boolean;
  /** Of pictures and raw frames together; frames that got a verdict may take as much again. */
  readonly maxMb: number;
  readonly keepDays: number;
  /** Of the JPEG, 1 to 100. */
  readonly quality: number;
  /** Raw frames kept with an alert, the raising one included; 0: none. */
  readonly ringFrames: number;
  /** Memory of the newest frames of all cameras together. */
  readonly ringMb: number;
}

/** What waits for the broker. */
export interface OutboxConfig {
  /** MiB of alerts and evidence on disk; beyond, what matters least is given up. */
  readonly maxMb: number;
  /** Hours that the agent has run since. */
  readonly maxAgeHours: number;
}

export interface HttpConfig {
  readonly enabled: boolean;
  /** Loopback, unless there is a token. */
  readonly host: string;
  /** `auto`: 8080, or any free one where that is taken. 0: any free one. */
  readonly port: number | "auto";
  /** The first line of this file is the token that clients must show. */
  readonly tokenFile: string | null;
  /** Host names that requests on loopback may ask for, besides the machine's own: a reverse proxy's. */
  readonly names: readonly string[];
  readonly maxConnections: number;
  /** Clients of /stream at once, all cameras together. */
  readonly maxStreams: number;
  /** The most pictures a second of one stream. */
  readonly streamFps: number;
}

export interface StateConfig {
  readonly path: string;
}

/** The built-in synthetic production line. */
export interface DemoSource {
  readonly type: "demo";
}

/** A folder of pictures, in the order of their names. */
export interface ImagesSource {
  readonly type: "images";
  readonly path: string;
  readonly loop: boolean;
}

/** A video file; every frame is inspected. */
export interface FileSource {
  readonly type: "file";
  readonly path: string;
  readonly loop: boolean;
}

export interface V4l2Source {
  readonly type: "v4l2";
  readonly device: string;
  readonly width?: number;
  readonly height?: number;
  /** A GStreamer raw format (`YUY2`) or `MJPG`. */
  readonly format?: string;
}

/** A CSI camera of a Jetson, through nvarguscamerasrc. */
export interface CsiSource {
  readonly type: "csi";
  readonly sensorId: number;
  readonly width?: number;
  readonly height?: number;
  readonly framerate?: number;
}

export interface RtspSource {
  readonly type: "rtsp";
  /** rtsp:// or rtsps://, without credentials. */
  readonly url: string;
  readonly latencyMs: number;
  readonly transport: "tcp" | "udp";
  /** Named where the decoder must be chosen beforehand (Jetson); `auto` lets GStreamer find out. */
  readonly codec: "auto" | "h264" | "h265" | "mjpeg";
  readonly username?: string;
  readonly passwordFile?: string;
}

/** GigE Vision and USB3 Vision. */
export interface AravisSource {
  readonly type: "aravis";
  /** The camera's Aravis name or address; the first one found unless given. */
  readonly camera?: string;
  readonly trigger: "off" | "software" | "hardware";
  /** The GenICam line of a hardware trigger, e.g. `Line1`. */
  readonly triggerSource?: string;
  readonly exposureUs?: number;
  readonly gain?: number;
  /** What the camera sends: `mono` unless given. */
  readonly format?: "mono" | "bayer" | "rgb";
  readonly width?: number;
  readonly height?: number;
}

/** Any launch line, without a sink. */
export interface GstreamerSource {
  readonly type: "gstreamer";
  readonly launch: string;
  /** A live source keeps its newest frame only; otherwise every frame waits to be asked for. */
  readonly live: boolean;
}

export type SourceConfig =
  | DemoSource
  | ImagesSource
  | FileSource
  | V4l2Source
  | CsiSource
  | RtspSource
  | AravisSource
  | GstreamerSource;

export type SourceType = SourceConfig["type"];
