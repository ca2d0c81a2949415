/** The configuration after all layers are merged and checked: the types that follow from the schema, readonly, defaults filled in. */
import type { ValueOf } from "./declare.js";
import type { schema } from "./schema.js";

export type Config = ValueOf<typeof schema>;

export type AgentConfig = Config["agent"];
export type MqttConfig = Config["mqtt"];
export type ModelConfig = Config["models"][string];
export type SelfTestConfig = NonNullable<ModelConfig["selfTest"]>;
export type InferenceConfig = Config["inference"];
export type ProviderName = InferenceConfig["providers"][number];
export type Precision = InferenceConfig["precision"];
export type AlertsConfig = Config["alerts"];
export type EvidenceConfig = Config["evidence"];
export type OutboxConfig = Config["outbox"];
export type HttpConfig = Config["http"];
export type ModbusConfig = Config["modbus"];
export type SparkplugConfig = Config["sparkplug"];
export type HomeAssistantConfig = Config["homeAssistant"];

export type CameraConfig = Config["cameras"][number];
export type RoiConfig = CameraConfig["roi"];
export type HealthConfig = CameraConfig["health"];
export type AlertConfig = CameraConfig["alert"];
export type PartsConfig = CameraConfig["parts"];

export type SourceConfig = CameraConfig["source"];
export type SourceType = SourceConfig["type"];
type Source<Type extends SourceType> = Extract<SourceConfig, { readonly type: Type }>;
export type FileSource = Source<"file">;
export type V4l2Source = Source<"v4l2">;
export type CsiSource = Source<"csi">;
export type RtspSource = Source<"rtsp">;
export type AravisSource = Source<"aravis">;
export type GstreamerSource = Source<"gstreamer">;
