const UTF16_MARKS = ["fffe", "feff"];
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The text of a file that a person wrote: UTF-8, with a byte order mark, which is left out, or without one. Windows' editors write both, and
 * UTF-16 on request.
 * @throws Error whose message is the reason and what to do, and nothing of what the file holds
 */
export function textIn(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString("hex");
  if (UTF16_MARKS.includes(mark)) throw new Error("it is in UTF-16; save it as UTF-8");
  if (bytes.includes(0)) throw new Error("it holds NUL: it is no text, or in UTF-16; save it as UTF-8");
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error("it is not in UTF-8; save it as UTF-8");
  }
}
