const HIDDEN = "***";

/** A copy for eyes: whatever could be a secret is replaced, everything else is kept. */
export function mask(value: unknown): unknown {
  if (typeof value === "string") return maskText(value);
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, isSecret(key) && child !== null ? HIDDEN : mask(child)]),
  );
}

/** Credentials inside addresses and launch lines (rtspsrc's user-id and user-pw among them). */
export function maskText(text: string): string {
  return text
    .replace(/:\/\/[^/\s@"']+@/g, `://${HIDDEN}@`)
    .replace(/\b(user-id|user-pw|password|token|secret)=("[^"]*"|\S+)/gi, `$1=${HIDDEN}`);
}

/** The file that holds a secret is no secret, but tells where to look: hidden as well. */
function isSecret(key: string): boolean {
  return /password|token|secret|keyFile/i.test(key);
}
