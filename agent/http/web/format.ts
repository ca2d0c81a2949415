/** Numbers and times as people read them; widths that do not change from one to the next. */

/** Enough digits that two neighbours of the threshold's size differ. */
export function score(value: number | null | undefined, threshold: number | null): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = threshold ?? Math.abs(value);
  const digits = size > 0 ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 2;
  return value.toFixed(digits);
}

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en");
}

export function fixed(value: number | null | undefined, digits: number, unit = ""): string {
  return value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit}`;
}

/** @param share 0..1 */
export function percent(share: number | null, digits = 1): string {
  if (share === null) return "–";
  // What is short of all never reads as all.
  const floored = Math.floor(share * 100 * 10 ** digits) / 10 ** digits;
  return `${floored.toFixed(digits)} %`;
}

export function duration(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7_200) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3_600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** Of the reader's clock. */
export function clock(time: string | number): string {
  return new Date(time).toLocaleTimeString("en-GB", { hour12: false });
}

/** Of the reader's calendar. */
export function day(time: string | number): string {
  return new Date(time).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** A context in one line, its usual fields first. */
export function context(of: Readonly<Record<string, unknown>> | null): string {
  if (of === null) return "";
  return Object.entries(of)
    .filter(([, value]) => typeof value !== "object")
    .slice(0, 6)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(" · ");
}
