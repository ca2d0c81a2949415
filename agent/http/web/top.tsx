import type { SessionAnswer } from "../../contract/live-events.js";
import { isOpen, type Line } from "./line.js";
import { troublesOf } from "./troubles.js";
import { words } from "./words.js";

export type Theme = "auto" | "light" | "dark";

interface TopProps {
  readonly agent: string;
  /** Alerts that somebody has still to look at. */
  readonly open: number;
  readonly session: SessionAnswer | null;
  readonly silentMs: number | null;
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onSignIn: () => void;
  readonly onSignOut: () => void;
}

export function Top({ agent, open, session, silentMs, theme, onTheme, onSignIn, onSignOut }: TopProps) {
  const { theme: names } = words;
  return (
    <header class="top">
      <h1>{agent}</h1>
      <span class="link" data-stale={silentMs !== null}>
        {silentMs === null ? words.live : words.stale}
      </span>
      <button type="button" class="to-alerts" data-open={open > 0} onClick={toAlerts}>
        {words.alert.title} <span class="numeral">{open}</span>
      </button>
      <span class="grow" />
      {session?.tokenNeeded === true && session.role === "look" && (
        <>
          <span class="role">{words.session.lookOnly}</span>
          <button type="button" onClick={onSignIn}>
            {words.session.title}
          </button>
        </>
      )}
      {session?.tokenNeeded === true && session.session !== null && (
        <button type="button" onClick={onSignOut}>
          {words.session.out}
        </button>
      )}
      <label class="select">
        <span class="unseen">{names.label}</span>
        <select value={theme} onChange={({ currentTarget }) => onTheme(themeOf(currentTarget.value))}>
          <option value="auto">{names.auto}</option>
          <option value="light">{names.light}</option>
          <option value="dark">{names.dark}</option>
        </select>
      </label>
    </header>
  );
}

/** Where they stand below the cameras, on a narrow screen. */
function toAlerts(): void {
  document.getElementById("alerts")?.scrollIntoView({ block: "center" });
}

export function themeOf(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "auto";
}

/** Always there, so that nothing moves when something goes wrong: calm while all is well, loud while it is not. */
export function Troubles({ line, silentMs }: { line: Line; silentMs: number | null }) {
  const troubles = troublesOf(line);
  const worst = silentMs !== null ? "stale" : (troubles[0]?.level ?? "well");
  return (
    <section class="troubles" data-level={worst} aria-label={words.troubles} aria-live="assertive">
      {silentMs !== null && (
        <p class="trouble stale">
          {/* The seconds are for eyes: read aloud each second they would drown all else. */}
          <b>{words.stale}</b> <span aria-live="off">{words.staleFor(Math.round(silentMs / 1000))}</span>{" "}
          {words.reconnecting}
        </p>
      )}
      {troubles.map(({ key, level, text, detail }) => (
        <p key={key} class={`trouble ${level}`}>
          <b>{text}</b> {detail !== null && <span class="detail">{detail}</span>}
        </p>
      ))}
      {silentMs === null && troubles.length === 0 && (
        <p class="trouble well">
          <b>{words.allWell}</b> <span class="detail">{words.allWellOf(line.cameras.length)}</span>
        </p>
      )}
    </section>
  );
}

/** The tab's title: what is wrong can be seen while another tab is open. */
export function titleOf(line: Line, silentMs: number | null): string {
  if (silentMs !== null) return words.title(line.agent, words.stale);
  const open = line.alerts.filter(isOpen).length;
  const trouble = troublesOf(line).find(({ level }) => level === "bad");
  if (trouble !== undefined) return words.title(line.agent, trouble.text);
  return words.title(line.agent, open > 0 ? `${words.alert.title} ${open}` : words.allWell);
}
