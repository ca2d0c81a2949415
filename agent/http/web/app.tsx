import { useEffect, useState } from "preact/hooks";
import type { SessionAnswer } from "../../contract/live-events.js";
import { Alerts } from "./alerts.js";
import { signOut } from "./api.js";
import { Camera } from "./camera.js";
import { Learning } from "./learning.js";
import { isOpen, type Line } from "./line.js";
import { Machine } from "./machine.js";
import type { Page } from "./page.js";
import type { Look } from "./picture.js";
import { recall, remember } from "./remembered.js";
import { SignIn } from "./sign-in.js";
import { Tile } from "./tile.js";
import { type Theme, Top, Troubles, themeOf, titleOf } from "./top.js";
import { words } from "./words.js";

export interface AppProps {
  readonly line: Line | null;
  readonly page: Page;
  readonly session: SessionAnswer | null;
  /** Nobody may look before saying who it is. */
  readonly signedOut: boolean;
  readonly silentMs: number | null;
  readonly tick: number;
  /** What was asked of the agent, and failed. */
  readonly notice: string | null;
  /** What is to be heard by those who do not see it. */
  readonly heard: string;
  readonly onNoticed: () => void;
  readonly onSession: () => void;
}

const USUAL: Look = { heat: true, opacity: 0.65, outlines: true };

export function App(props: AppProps) {
  const { line, page, session, signedOut, silentMs, tick, notice, heard } = props;
  const [look, setLook] = useState<Look>(() => ({ ...USUAL, ...recall<Partial<Look>>("look") }));
  const [theme, setTheme] = useState<Theme>(() => themeOf(recall<string>("theme")));
  const [signingIn, setSigningIn] = useState(false);
  const opened = useHash();

  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    remember("theme", theme);
  }, [theme]);
  useEffect(() => remember("look", look), [look]);
  useEffect(() => {
    if (line !== null) document.title = titleOf(line, silentMs);
  });

  if (signedOut || signingIn) {
    const done = (): void => {
      setSigningIn(false);
      props.onSession();
    };
    return <SignIn onDone={done} {...(signedOut ? {} : { onCancel: () => setSigningIn(false) })} />;
  }
  if (line === null) {
    return (
      <main class="waiting" id="main">
        <h1>Retort</h1>
        <p role="status">{words.connecting}</p>
      </main>
    );
  }
  const { cameras } = line;
  const large = cameras.find(({ id }) => id === opened) ?? (cameras.length === 1 ? cameras[0] : undefined);
  // Of the last thing that was heard: while nothing comes no clock goes on as if all were well.
  const nowMs = Date.parse(line.health.ts);
  const leave = async (): Promise<void> => {
    await signOut();
    props.onSession();
  };
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        {words.skip}
      </button>
      <Top
        agent={line.agent}
        open={line.alerts.filter(isOpen).length}
        session={session}
        silentMs={silentMs}
        theme={theme}
        onTheme={setTheme}
        onSignIn={() => setSigningIn(true)}
        onSignOut={leave}
      />
      <Troubles line={line} silentMs={silentMs} />
      <main id="main" tabIndex={-1} data-stale={silentMs !== null}>
        <div class="cameras">
          {cameras.length === 0 && <p>{words.noCameras}</p>}
          {large !== undefined ? (
            <Camera
              key={large.id}
              camera={large}
              line={line}
              page={page}
              look={look}
              onLook={setLook}
              nowMs={nowMs}
              tick={tick}
            />
          ) : (
            <>
              <h2 class="unseen">{words.camera.wall}</h2>
              <ul class="wall" data-count={cameras.length}>
                {cameras.map((camera) => (
                  <Tile key={camera.id} camera={camera} line={line} page={page} look={look} nowMs={nowMs} />
                ))}
              </ul>
            </>
          )}
        </div>
        <Alerts alerts={line.alerts} page={page} />
        <Machine line={line} />
        <Learning />
      </main>
      <div class="notice" role="alert" hidden={notice === null}>
        <p>{notice}</p>
        <button type="button" onClick={props.onNoticed}>
          {words.dismiss}
        </button>
      </div>
      <p class="unseen" role="status">
        {heard}
      </p>
    </>
  );
}

/** No link: the address' hash names the camera that is open. */
function skip(): void {
  document.getElementById("main")?.focus();
}

/** The camera named in the address; Escape goes back to the wall. */
function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    const key = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) location.hash = "#/";
    };
    addEventListener("hashchange", changed);
    addEventListener("keydown", key);
    return () => {
      removeEventListener("hashchange", changed);
      removeEventListener("keydown", key);
    };
  }, []);
  return named(hash.replace(/^#\/?/, ""));
}

/** What somebody has typed may be no escaped text: it names no camera then. */
function named(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}
