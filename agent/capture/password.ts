import { readSecretFileSync } from "../../config/secret-file.js";
import type { SourceConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";

/**
 * The password of a network camera; undefined where its source has none.
 * @throws CodedError CAMERA_PASSWORD_UNREADABLE
 */
export function passwordOf(source: SourceConfig): string | undefined {
  if (source.type !== "rtsp" || source.passwordFile === undefined) return undefined;
  try {
    return readSecretFileSync(source.passwordFile);
  } catch (error) {
    throw new CodedError("CAMERA_PASSWORD_UNREADABLE", `cannot read the camera's password: ${messageOf(error)}`, {
      at: "source.passwordFile",
    });
  }
}
