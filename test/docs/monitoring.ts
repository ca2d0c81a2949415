import { alertRules } from "../monitoring/rules.js";

/** The alerts' tables of docs/monitoring.md, one for each heading that a `runbook` names. */
export function alertTables(): Readonly<Record<string, string>> {
  const headings = [...new Set(alertRules.map(({ annotations }) => anchorOf(annotations.runbook)))];
  return Object.fromEntries(
    headings.map((heading) => [
      `alerts of ${heading}`,
      [
        "| alert | severity, after | what it means | what to do |",
        "| --- | --- | --- | --- |",
        ...alertRules
          .filter(({ annotations }) => anchorOf(annotations.runbook) === heading)
          .map(({ alert, for: after, labels: { severity }, annotations: { description, remedy } }) =>
            row([`\`${alert}\``, after === "0m" ? severity : `${severity}, ${after}`, description, linked(remedy)]),
          ),
      ].join("\n"),
    ]),
  );
}

const anchorOf = (runbook: string): string => runbook.split("#")[1] ?? "";

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** A page that is named becomes a link. */
const linked = (text: string): string => text.replace(/docs\/([\w-]+\.md)/g, "[$1]($1)");
