import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { readSecretFile } from "../../config/secret-file.js";
import { textIn } from "../../config/text-file.js";
import type { MqttConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import type { TlsIdentity } from "./transport.js";

/** The user, the password and the certificates of a connection to the broker. */
export interface Credentials {
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: TlsIdentity | null;
}

/**
 * Reads the files that the configuration names, and checks that they are what they should be. To be called for every connection, so
 * that renewed certificates and passwords take effect without a restart.
 * @throws CodedError MQTT_PASSWORD_UNREADABLE, MQTT_TLS_FILE_UNREADABLE, MQTT_TLS_FILE_INVALID or MQTT_TLS_KEY_MISMATCH
 */
export async function readCredentials({
  username,
  passwordFile,
  caFile,
  certFile,
  keyFile,
  serverName,
}: MqttConfig): Promise<Credentials> {
  const password = passwordFile === null ? null : await passwordIn(passwordFile);
  const [ca, cert, key] = await Promise.all([
    pemIn(caFile, "mqtt.caFile"),
    pemIn(certFile, "mqtt.certFile"),
    pemIn(keyFile, "mqtt.keyFile"),
  ]);
  if (ca !== null) requireCertificates(ca, "mqtt.caFile");
  if (cert !== null) requireCertificates(cert, "mqtt.certFile");
  if (key !== null) requireKey(key, cert);
  const tls = ca === null && cert === null && serverName === null ? null : { ca, cert, key, serverName };
  return { username, password, tls };
}

async function passwordIn(file: string): Promise<string> {
  try {
    return await readSecretFile(file);
  } catch (error) {
    throw new CodedError("MQTT_PASSWORD_UNREADABLE", `cannot read the MQTT password: ${messageOf(error)}`, {
      at: "mqtt.passwordFile",
    });
  }
}

async function pemIn(file: string | null, at: string): Promise<string | null> {
  if (file === null) return null;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CodedError("MQTT_TLS_FILE_UNREADABLE", `cannot be read: ${messageOf(error)}`, { at });
  });
  try {
    return textIn(bytes);
  } catch (error) {
    throw invalid(at, messageOf(error));
  }
}

/** Checked here, as OpenSSL skips what is no certificate without a word, and would trust no authority at all. */
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
    throw new CodedError("MQTT_TLS_KEY_MISMATCH", "is not the key of the certificate in mqtt.certFile", { at });
  }
}

function invalid(at: string, message: string): CodedError {
  return new CodedError("MQTT_TLS_FILE_INVALID", message, { at });
}
