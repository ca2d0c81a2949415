import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import { type Connack, connackRefusal } from "./broker-answers.js";

/** What is known of a connection that did not come about. */
export interface FailedConnect {
  readonly url: string;
  readonly secure: boolean;
  readonly websocket: boolean;
  /** How far the network came. */
  readonly stage: "dialling" | "connected" | "secured";
  /** MQTT could be spoken: after TLS, after the websocket's handshake. */
  readonly open: boolean;
  /** The broker's answer, where it gave one. */
  readonly connack: Connack | null;
  /** The first error; null when the other side just hung up. */
  readonly failure: unknown;
  /** It hung up on plain words, and speaks TLS. */
  readonly wantsTls: boolean;
}

/** A code, and what to do about it where the table of codes knows less. */
interface Verdict {
  readonly code: ErrorCode;
  readonly remedy?: string;
}

/** Names a failed connect by what the user can do about it. */
export function connectFailure(failed: FailedConnect): CodedError {
  const { connack, failure, url: at } = failed;
  const refusal = connackRefusal(connack, at);
  if (refusal !== null) return refusal;
  const reason = failure === null ? "the broker hung up before answering CONNECT" : messageOf(failure);
  const { code, remedy } = verdictOn(failed);
  return new CodedError(code, reason, { at, cause: failure, ...(remedy === undefined ? {} : { remedy }) });
}

function verdictOn({ failure, secure, websocket, stage, open, wantsTls }: FailedConnect): Verdict {
  if (wantsTls) return { code: "MQTT_TLS_REQUIRED" };
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  const tlsCode = secure && typeof code === "string" ? tlsCodeOf(code) : null;
  if (tlsCode !== null) return { code: tlsCode };
  if (secure && stage === "connected") {
    const remedy = "The handshake broke off: check that this is the broker's TLS port, and see the broker's log.";
    return { code: "MQTT_TLS_FAILED", remedy };
  }
  // A broker without MQTT 5 may just hang up, or answer in a form that version 5 cannot parse.
  if (open) {
    const remedy = secure
      ? "The agent tries MQTT 3.1.1 by itself; if that fails too, see the broker's log: it may want a client certificate."
      : "The agent tries MQTT 3.1.1 by itself; if that fails too, check that this is an MQTT broker's port, not one for TLS.";
    return { code: "MQTT_VERSION_REFUSED", remedy };
  }
  if (websocket && stage !== "dialling") return { code: "MQTT_WEBSOCKET_REFUSED" };
  return { code: "MQTT_UNREACHABLE" };
}

/** OpenSSL's verdicts on a certificate, as Node names them (X509_STORE_CTX_get_error(3)), and the alerts that a broker sends. */
function tlsCodeOf(code: string): ErrorCode | null {
  if (code === "CERT_HAS_EXPIRED") return "MQTT_TLS_EXPIRED";
  if (code === "CERT_NOT_YET_VALID") return "MQTT_TLS_NOT_YET_VALID";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "MQTT_TLS_HOST";
  const clientRefused =
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED|DECRYPT_ERROR|NO_CERTIFICATE)|HANDSHAKE_FAILURE/;
  if (clientRefused.test(code)) return "MQTT_TLS_CLIENT_REFUSED";
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") return "MQTT_TLS_FAILED";
  return /CERT|SIGNATURE|^INVALID_(CA|PURPOSE)|ISSUER|CRL/.test(code) ? "MQTT_TLS_UNTRUSTED" : null;
}
