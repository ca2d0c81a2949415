import { CodedError, type ErrorCode, messageOf } from "../../errors.js";

/** What is known of a connection that did not come about. */
export interface FailedConnect {
  readonly url: string;
  readonly secure: boolean;
  readonly websocket: boolean;
  /** How far the network came. */
  readonly stage: "dialling" | "connected" | "secured";
  /** MQTT could be spoken: after TLS, after the websocket's handshake. */
  readonly open: boolean;
  /** The first error; null when the other side just hung up. */
  readonly failure: unknown;
  /** It hung up on plain words, and speaks TLS. */
  readonly wantsTls: boolean;
}

/** The broker's own no, by its number. */
export function isConnack(failure: unknown): boolean {
  return typeof codeOf(failure) === "number";
}

function codeOf(failure: unknown): unknown {
  return failure !== null && typeof failure === "object" && "code" in failure ? failure.code : undefined;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly remedy: string;
}

/** Names a failed connect by what the user can do about it. */
export function connectFailure(failed: FailedConnect): CodedError {
  const { failure, url: at } = failed;
  const reason = failure === null ? "the broker hung up before answering CONNECT" : messageOf(failure);
  const { code, remedy } = verdictOn(failed);
  return new CodedError(code, reason, { remedy, at, cause: failure });
}

function verdictOn(failed: FailedConnect): Verdict {
  const { failure, secure, websocket, stage, open } = failed;
  const code = codeOf(failure);
  if (typeof code === "number") return connackVerdict(code);
  if (failed.wantsTls) {
    return { code: "MQTT_TLS_REQUIRED", remedy: "This port speaks TLS: write mqtts:// (or wss://) in mqtt.url." };
  }
  if (secure && typeof code === "string") {
    const verdict = tlsVerdict(code);
    if (verdict !== null) return verdict;
  }
  if (secure && stage === "connected") {
    const remedy = "The handshake broke off: check that this is the broker's TLS port, and see the broker's log.";
    return { code: "MQTT_TLS_FAILED", remedy };
  }
  // aedes answers MQTT 5 with reason 1 and hangs up; others just hang up, or answer in a form that version 5 cannot parse.
  if (open) {
    const remedy = secure
      ? "The agent tries MQTT 3.1.1 by itself; if that fails too, see the broker's log: it may want a client certificate."
      : "The agent tries MQTT 3.1.1 by itself; if that fails too, check that this is an MQTT broker's port, not one for TLS.";
    return { code: "MQTT_VERSION_REFUSED", remedy };
  }
  if (websocket && stage !== "dialling") {
    const remedy = "Check port and path of mqtt.url: many brokers take websockets on a path such as /mqtt only.";
    return { code: "MQTT_WEBSOCKET_REFUSED", remedy };
  }
  return { code: "MQTT_UNREACHABLE", remedy: "Check mqtt.url, that the broker runs, and that no firewall is between." };
}

/** CONNACK reasons: MQTT 3.1.1 table 3.1 and MQTT 5 table 3.1. */
const versionRefused = [1, 132];
const notAuthorized = [4, 5, 134, 135, 138];

function connackVerdict(code: number): Verdict {
  if (notAuthorized.includes(code)) {
    const remedy =
      "Check mqtt.username and mqtt.passwordFile, or the client certificate, and the broker's list of users.";
    return { code: "MQTT_NOT_AUTHORIZED", remedy };
  }
  if (versionRefused.includes(code)) {
    return { code: "MQTT_VERSION_REFUSED", remedy: "The agent tries MQTT 3.1.1 by itself." };
  }
  return { code: "MQTT_REFUSED", remedy: "See the broker's log." };
}

/** OpenSSL's verdicts on a certificate, as Node names them (X509_STORE_CTX_get_error(3)), and the alerts that a broker sends. */
function tlsVerdict(code: string): Verdict | null {
  if (code === "CERT_HAS_EXPIRED") {
    const remedy = "Renew the broker's certificate (or its authority's), and check this machine's clock.";
    return { code: "MQTT_TLS_EXPIRED", remedy };
  }
  if (code === "CERT_NOT_YET_VALID") {
    const remedy = "Check this machine's clock; if it is right, the broker's certificate is meant for later.";
    return { code: "MQTT_TLS_NOT_YET_VALID", remedy };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const remedy =
      "Write the name of the broker's certificate in mqtt.url, or as mqtt.serverName beside an address; it is never skipped.";
    return { code: "MQTT_TLS_HOST", remedy };
  }
  if (
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED|DECRYPT_ERROR|NO_CERTIFICATE)|HANDSHAKE_FAILURE/.test(
      code,
    )
  ) {
    const remedy =
      "Give mqtt.certFile and mqtt.keyFile a certificate that the broker's authority has issued and that is valid.";
    return { code: "MQTT_TLS_CLIENT_REFUSED", remedy };
  }
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") {
    const remedy = "Check that this is the broker's TLS port, and that it speaks TLS 1.2 or newer.";
    return { code: "MQTT_TLS_FAILED", remedy };
  }
  if (/CERT|SIGNATURE|^INVALID_(CA|PURPOSE)|ISSUER|CRL/.test(code)) {
    const remedy =
      "Name the authority that issued the broker's certificate in mqtt.caFile; it is never trusted without.";
    return { code: "MQTT_TLS_UNTRUSTED", remedy };
  }
  return null;
}
