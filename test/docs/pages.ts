/** Pages that are made from the code: `npm run docs` writes them, and a test compares. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { errorChapters } from "../../errors.js";
import { configurationTables, exampleYaml, sourceTables } from "./configuration.js";
import { messagesPage } from "./messages.js";
import { modbusTables } from "./modbus.js";
import { alertTables } from "./monitoring.js";

/** A page's path, relative to the repository's root, and what makes its text. */
export const pages: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: "docs/troubleshooting.md", text: troubleshooting },
  { path: "config/example.yaml", text: exampleYaml },
  { path: "docs/configuration.md", text: () => withTables("docs/configuration.md", configurationTables()) },
  { path: "docs/cameras.md", text: () => withTables("docs/cameras.md", sourceTables()) },
  { path: "docs/messages.md", text: messagesPage },
  { path: "docs/monitoring.md", text: () => withTables("docs/monitoring.md", alertTables()) },
  { path: "docs/plc.md", text: () => withTables("docs/plc.md", modbusTables()) },
];

function troubleshooting(): string {
  const chapters = errorChapters.map(({ title, documentedAt, codes }) => {
    const rows = Object.entries(codes).map(
      ([code, { means, remedy, exitStatus }]) => `| \`${code}\` | ${means} | ${remedy} | ${exitStatus} |`,
    );
    const name = documentedAt.split("#")[0] ?? documentedAt;
    return [
      `## ${title}`,
      "",
      `See [${name}](${relative("docs", documentedAt)}).`,
      "",
      "| code | what it means | what to do | status |",
      "| --- | --- | --- | --- |",
      ...rows.sort(),
      "",
    ].join("\n");
  });
  return `# Troubleshooting

Every error of Retort has a stable code: on the command line, in the log, in a camera's \`reason\`, in \`health\`, in answers to commands
and over HTTP. Search this page for it. The error itself names the place and often a remedy that is more exact than the one here.

\`status\` is that of the process where the error ends a command: 1 something failed, 2 wrong usage, configuration, model or data. What goes
wrong while the agent runs is logged and published; it ends nothing unless the table says so.

<!-- Made from error-codes/ by npm run docs. -->

${chapters.join("\n")}`;
}

/** A page as it is, with the tables that are made between their marks. */
function withTables(path: string, tables: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(packageRoot(), path), "utf8");
  return Object.entries(tables).reduce((whole, [name, table]) => {
    const place = new RegExp(`(<!-- made: ${name} -->\n)[\\s\\S]*?(<!-- end: ${name} -->)`);
    if (!place.test(whole)) throw new Error(`${path} has no place for the table ${name}`);
    return whole.replace(place, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
  }, text);
}
