import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./config.js";

/** PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** As in `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** Days from now; the past is negative. */
  readonly from?: number;
  readonly to?: number;
}

export interface Authority extends Certificate {
  issue(name: string, options?: CertificateOptions): Certificate;
}

/** An authority made on the spot by the openssl command; `x509 -not_before` is too new for Debian 12, so by its `ca`. */
export function createAuthority(name: string): Authority {
  const folder = temporaryFolder();
  const at = (file: string) => join(folder, file);
  const own = { cert: at("ca.pem"), key: at("ca.key") };
  const request = (subject: string, key: string) => [
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    `/CN=${subject}`,
    "-keyout",
    key,
  ];
  openssl([...request(name, own.key), "-x509", "-days", "2", "-out", own.cert]);
  mkdirSync(at("issued"));
  writeFileSync(at("index.txt"), "");
  writeFileSync(at("ca.conf"), configuration(folder));
  const issue = (subject: string, { names = "DNS:localhost", from = -1, to = 1 }: CertificateOptions = {}) => {
    const issued = { cert: at(`${subject}.pem`), key: at(`${subject}.key`) };
    const extensions = at(`${subject}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    openssl([...request(subject, issued.key), "-out", at(`${subject}.csr`)]);
    const dates = ["-startdate", asn1Time(from), "-enddate", asn1Time(to)];
    const files = ["-config", at("ca.conf"), "-extfile", extensions, "-in", at(`${subject}.csr`), "-out", issued.cert];
    openssl(["ca", "-batch", "-notext", ...dates, ...files]);
    return issued;
  };
  return { ...own, issue };
}

function configuration(folder: string): string {
  const settings = {
    database: join(folder, "index.txt"),
    new_certs_dir: join(folder, "issued"),
    certificate: join(folder, "ca.pem"),
    private_key: join(folder, "ca.key"),
    default_md: "sha256",
    rand_serial: "yes",
    unique_subject: "no",
    policy: "any",
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  return ["[ca]", "default_ca = own", "[own]", ...lines, "[any]", "commonName = supplied", ""].join("\n");
}

/** RFC 5280, 4.1.2.5: YYMMDDHHMMSSZ. */
function asn1Time(days: number): string {
  const time = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${time.slice(2, 19).replace(/[-:T]/g, "")}Z`;
}

function openssl(args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
