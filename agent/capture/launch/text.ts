/** A value for a launch line, in quotes, so that nothing a user configured can end it and begin an element. */
export function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** `name=value` for each that is given, in order, joined by spaces. */
export function properties(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${value}`)
    .join("");
}

/** Caps of a media type with the fields that are given. */
export function caps(media: string, fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [media, ...given.map(([name, value]) => `${name}=${value}`)].join(",");
}

/** Frames a second as GStreamer's fraction. */
export function fraction(fps: number): string {
  return Number.isInteger(fps) ? `${fps}/1` : `${Math.round(fps * 1000)}/1000`;
}

/**
 * From an element whose pads come and go to a filter for those that are wanted. Linked with `:`, each time such a pad appears:
 * with `!` only the first time, and a pipeline that is stopped and played again would stay unlinked. The filter must be an
 * element, since caps between two `!` become a new one at each linking.
 */
export function whenever(dynamic: string, wanted: string): string {
  return `${dynamic} : capsfilter caps=${quoted(wanted)}`;
}

/** Any encoded video, decoded by what GStreamer finds best. */
export const decoded = whenever("decodebin", "video/x-raw(ANY)");
