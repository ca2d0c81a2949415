/** Texts that Home Assistant renders with Jinja: https://www.home-assistant.io/docs/configuration/templating/ */

/** A string as an expression of Jinja. What would end it, or begin one of Jinja's own brackets, is escaped. */
export function jinjaText(text: string): string {
  return `'${text.replace(/[\\'{}%]/g, escaped)}'`;
}

/**
 * The template of a command's payload. Each rendering has an id of its own, by the clock's microseconds: a command of an id that
 * was there before is not carried out again.
 * @param fields JSON values; an `Expression` is rendered, whatever else is meant as it stands
 */
export function commandTemplate(fields: Readonly<Record<string, string | Expression>>): string {
  const id = new Expression(`"home-assistant-{{ now().timestamp() }}"`);
  const pairs = Object.entries({ id, ...fields, by: "Home Assistant" });
  const texts = pairs.map(([key, value]) => {
    if (value instanceof Expression) return `"${key}": ${value.jinja}`;
    return `"${key}": ${JSON.stringify(value).replace(/[{}%]/g, escaped)}`;
  });
  return `{ ${texts.join(", ")} }`;
}

/** A piece of a template that renders to JSON. */
export class Expression {
  readonly jinja: string;

  constructor(jinja: string) {
    this.jinja = jinja;
  }
}

/** As both JSON and Jinja's strings, which are Python's, read it. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
