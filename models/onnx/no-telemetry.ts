/**
 * Refuses ONNX Runtime's telemetry, which its builds for Linux have from 1.29 on, switched on: sessions, errors and hashes of models, sent to Microsoft,
 * with a device's id and a database in the user's home. To be called in the main thread, before any thread opens a session: it is C's
 * environment that is read, once, and a worker's `process.env` is a copy (microsoft/onnxruntime, pull request 27379).
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = "1";
}
