import { cameraCodes, inferenceCodes } from "./error-codes/cameras.js";
import { configCodes } from "./error-codes/config.js";
import { doctorCodes } from "./error-codes/doctor.js";
import { httpCodes } from "./error-codes/http.js";
import { modbusCodes } from "./error-codes/modbus.js";
import { modelCodes, trainingCodes } from "./error-codes/models.js";
import { brokerCodes, inboundCodes } from "./error-codes/mqtt.js";
import { sparkplugCodes } from "./error-codes/sparkplug.js";
import { stateCodes } from "./error-codes/state.js";

/** The chapters of docs/troubleshooting.md, in its order. */
export const errorChapters = [
  configCodes,
  cameraCodes,
  inferenceCodes,
  modelCodes,
  trainingCodes,
  brokerCodes,
  inboundCodes,
  stateCodes,
  httpCodes,
  modbusCodes,
  sparkplugCodes,
  doctorCodes,
] as const;

/** The one table of codes. Stable: programs and people hold on to them. */
export const errorCodes = {
  ...configCodes.codes,
  ...cameraCodes.codes,
  ...inferenceCodes.codes,
  ...modelCodes.codes,
  ...trainingCodes.codes,
  ...brokerCodes.codes,
  ...inboundCodes.codes,
  ...stateCodes.codes,
  ...httpCodes.codes,
  ...modbusCodes.codes,
  ...sparkplugCodes.codes,
  ...doctorCodes.codes,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/**
 * The one error a user meets: a stable code, where it came from and what to do about it.
 * Tests assert codes, not prose.
 */
export class CodedError extends Error {
  readonly code: ErrorCode;
  /** The file, configuration path, tensor or topic that the fault belongs to. */
  readonly at: string | undefined;
  /** What the user can do, one sentence: the table's, unless the place knows better. */
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, details: { remedy?: string; at?: string; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.name = "CodedError";
    this.code = code;
    this.at = details.at;
    this.remedy = details.remedy ?? errorCodes[code].remedy;
  }
}

/** The text of any thrown value, for a `reason` or a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's own word for a failure, such as ENOENT: without the path that a message would show. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
