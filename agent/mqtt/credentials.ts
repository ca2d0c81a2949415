import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { MqttConfig } from "../../config/types.js";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import type { TlsIdentity } from "./transport.js";

/** What an agent shows to its broker, and by what it knows the broker. */
export interface Credentials {
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: TlsIdentity | null;
}

type ReadText = (path: string) => Promise<string>;

/**
 * Reads the files that the configuration names, and sees that they are what they should be. To be called for each connect anew:
 * renewed certificates and passwords take effect without a restart.
 * @throws CodedError MQTT_PASSWORD_UNREADABLE, MQTT_TLS_FILE_UNREADABLE, MQTT_TLS_FILE_INVALID or MQTT_TLS_KEY_MISMATCH
 */
export async function readCredentials(
  { username, passwordFile, caFile, certFile, keyFile, serverName }: MqttConfig,
  read: ReadText = (path) => readFile(path, "utf8"),
): Promise<Credentials> {
  const password = passwordFile === null ? null : await passwordIn(passwordFile, read);
  const [ca, cert, key] = await Promise.all([
    pemIn(caFile, "mqtt.caFile", read),
    pemIn(certFile, "mqtt.certFile", read),
    pemIn(keyFile, "mqtt.keyFile", read),
  ]);
  if (ca !== null) requireCertificates(ca, "mqtt.caFile");
  if (cert !== null) requireCertificates(cert, "mqtt.certFile");
  if (key !== null) requireKey(key, cert);
  const tls = ca === null && cert === null && serverName === null ? null : { ca, cert, key, serverName };
  return { username, password, tls };
}

async function passwordIn(file: string, read: ReadText): Promise<string> {
  try {
    return (await read(file)).split(/\r?\n/, 1)[0]!;
  } catch (error) {
    // Without the path: where a password's file is wanted, the password itself is soon written.
    throw new CodedError("MQTT_PASSWORD_UNREADABLE", `cannot read the MQTT password: ${errnoOf(error)}`, {
      at: "mqtt.passwordFile",
      remedy: "Point to a file that this user may read.",
    });
  }
}

async function pemIn(file: string | null, at: string, read: ReadText): Promise<string | null> {
  if (file === null) return null;
  try {
    return await read(file);
  } catch (error) {
    throw new CodedError("MQTT_TLS_FILE_UNREADABLE", `cannot be read: ${messageOf(error)}`, {
      at,
      remedy: "Point to a PEM file that this user may read.",
    });
  }
}

/** OpenSSL passes over what is no certificate without a word, and would leave us with no authority at all. */
function requireCertificates(pem: string, at: string): void {
  const blocks =
    pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid(at, "holds no certificate in PEM");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw invalid(at, `certificate ${index + 1} of ${blocks.length} cannot be read: ${messageOf(error)}`);
    }
  }
}

function requireKey(key: string, cert: string | null): void {
  const at = "mqtt.keyFile";
  try {
    createSecureContext({ key, ...(cert === null ? {} : { cert }) });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ERR_OSSL_X509_KEY_VALUES_MISMATCH") {
      throw invalid(at, `holds no private key that can be used: ${messageOf(error)}`);
    }
    throw new CodedError("MQTT_TLS_KEY_MISMATCH", "is not the key of the certificate in mqtt.certFile", {
      at,
      remedy: "Give the key and the certificate that were made together.",
    });
  }
}

function invalid(at: string, message: string): CodedError {
  return new CodedError("MQTT_TLS_FILE_INVALID", message, {
    at,
    remedy: "Give a whole PEM file; a key without a passphrase.",
  });
}
