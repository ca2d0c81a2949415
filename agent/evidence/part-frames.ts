import { createHash } from "node:crypto";

/** The name of a part's raw frame, in the form of an alert's id (UUIDv8, RFC 9562): the same for the same part, without a list of them. */
export function partFrameId(camera: string, seq: number): string {
  const hex = createHash("sha256").update(`${seq}/${camera}`).digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return [...groups, hex.slice(20, 32)].join("-");
}
