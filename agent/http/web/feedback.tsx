import { useState } from "preact/hooks";
import type { FeedbackVerdict } from "../../types.js";
import type { Page } from "./page.js";
import { words } from "./words.js";

interface Props {
  readonly page: Page;
  /** What it is said of, as the command takes it. */
  readonly of: { readonly alert: string } | { readonly camera: string; readonly seq: number };
  /** What the buttons belong to, for those who hear the page. */
  readonly about: string;
}

/** "Defect" or "not a defect", said once; the other can still be said. */
export function Feedback({ page, of, about }: Props) {
  const [said, setSaid] = useState<FeedbackVerdict | null>(null);
  const [busy, setBusy] = useState(false);
  const say = async (label: string, verdict: FeedbackVerdict): Promise<void> => {
    setBusy(true);
    const answer = await page.run(label, "feedback", { ...of, verdict });
    setBusy(false);
    if (answer.ok) setSaid(verdict);
  };
  const buttons = [
    ["defect", words.alert.defect],
    ["not_a_defect", words.alert.notDefect],
  ] as const;
  return (
    <span class="feedback">
      {buttons.map(([verdict, label]) => (
        <button
          key={verdict}
          type="button"
          disabled={busy}
          aria-pressed={said === verdict}
          aria-label={`${label}: ${about}`}
          onClick={() => say(label, verdict)}
        >
          {label}
        </button>
      ))}
      <span class="unseen" role="status">
        {said === null ? "" : words.alert.said[said]}
      </span>
    </span>
  );
}
