/**
 * A text as a property's value in a launch line, so that nothing a user configured can end it and begin an element, and it arrives
 * as it is. In quotes where it is plain. Otherwise in the form of gst_string_wrap, every byte but letters, digits and _ - + / : .
 * in octal, escaped once more for the line's scanner: that one does not see where a quoted text ends whose last sign is a backslash,
 * and what reads the value takes NULL for none and unwraps quotes (gst/parse/parse.l, gst_value_deserialize_string).
 */
export function quoted(value: string): string {
  if (!/["\\]/.test(value) && value !== "NULL") return `"${value}"`;
  const wrapped = [...Buffer.from(value)].map((byte) => {
    const sign = String.fromCharCode(byte);
    return /[\w+/:.-]/.test(sign) ? sign : `\\\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `\\"${wrapped.join("")}\\"`;
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
