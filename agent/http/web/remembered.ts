const PREFIX = "retort.";

/** What this browser was told before; null where it was not, or keeps nothing. */
export function recall<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    // A browser that keeps nothing, or something that another program wrote there.
    return null;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
    return;
  }
}
