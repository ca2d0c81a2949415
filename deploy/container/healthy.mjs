// The container's health check: whether the agent in it answers.
//   node healthy.mjs [PATH]     /healthz unless given; /readyz is asked with the token of RETORT_HTTP_VIEWTOKENFILE, where that is set
// Its port is RETORT_HTTP_PORT, which the image sets and which beats the configuration's.
import { readFileSync } from "node:fs";

const { RETORT_HTTP_PORT: port, RETORT_HTTP_VIEWTOKENFILE: tokenFile } = process.env;
const [path = "/healthz"] = process.argv.slice(2);
try {
  const token = tokenFile === undefined ? "" : readFileSync(tokenFile, "utf8").split(/\r?\n/, 1)[0];
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: token === "" ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(4_000),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exitCode = 1;
}
