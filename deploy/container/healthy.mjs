// The container's health check: whether the agent in it answers. Its port is RETORT_HTTP_PORT, which the image sets and which beats the
// configuration's.
try {
  const answer = await fetch(`http://127.0.0.1:${process.env.RETORT_HTTP_PORT}/healthz`, {
    signal: AbortSignal.timeout(4_000),
  });
  if (!answer.ok) throw new Error(`/healthz answers ${answer.status}`);
} catch (error) {
  console.error(`the agent does not answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
