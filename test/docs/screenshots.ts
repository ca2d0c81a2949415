/** `npm run screenshots`: the live view of the demo line at an alert, moving, light and dark, wide and on a phone, into docs/pictures/. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { packageRoot } from "../../config/package-root.js";
import { launch, openPage } from "../support/browser.js";
import { temporaryFolder } from "../support/config.js";
import { recordPage } from "./recording.js";

const folder = join(packageRoot(), "docs/pictures");
/** The demo's line has so many good parts at first. */
const LIMIT_MS = 480_000;

const shapes = {
  wide: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
} as const;

/** From good parts through the worn tool's to the alert with its picture. */
const MOVING = { width: 1280, height: 760 };
const FILM_WIDTH = 960;
const FILM_MS = 11_000;
const AFTER_ALERT_MS = 2_500;

/** The picture of an alert that goes on. */
const shownAlert = (page: Page): Locator => page.locator(".alert[data-open='true'] .thumbnail img").first();

/** Keeps the first frame with a defect, its heat and its outlines in view: the next ones come sooner than a picture is taken. */
const HOLD = `new Promise((resolve) => {
  const look = () => {
    const stage = document.querySelector(".stage[data-anomalous='true']");
    if (stage === null) return requestAnimationFrame(look);
    for (const canvas of stage.querySelectorAll("canvas")) {
      Object.assign(canvas.getContext("2d"), { drawImage() {}, clearRect() {} });
    }
    stage.querySelector("svg").replaceChildren = () => undefined;
    resolve();
  };
  look();
})`;

const state = join(temporaryFolder(), "state");
const settings = ["agent.id=line-7", "http.port=auto", `state.path=${state}`].flatMap((setting) => ["--set", setting]);
const agent = spawn(process.execPath, [join(packageRoot(), "dist/agent/main.cjs"), "run", ...settings], {
  stdio: ["ignore", "pipe", "pipe"],
});
const url = await new Promise<string>((resolve, reject) => {
  let said = "";
  for (const stream of [agent.stdout, agent.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /http:\/\/[\d.]+:\d+\//.exec(said);
      if (found !== null) resolve(found[0]);
    });
  }
  agent.once("close", () => reject(new Error(`the agent ended:\n${said}`)));
});
const browser = await launch();
try {
  await mkdir(folder, { recursive: true });
  const { page: moving } = await openPage(browser, url, { viewport: MOVING, colorScheme: "light" });
  const recording = await recordPage(moving);
  await shownAlert(moving).waitFor({ timeout: LIMIT_MS });
  await moving.waitForTimeout(AFTER_ALERT_MS);
  const film = join(folder, "live-view.webp");
  await recording.save(film, { lengthMs: FILM_MS, width: FILM_WIDTH });
  console.log(film);
  await moving.context().close();
  const pages = [];
  for (const [shape, options] of Object.entries(shapes)) {
    for (const colorScheme of ["light", "dark"] as const) {
      pages.push({
        name: `live-view-${shape}-${colorScheme}`,
        ...(await openPage(browser, url, { ...options, colorScheme })),
      });
    }
  }
  for (const { name, page } of pages) {
    await shownAlert(page).waitFor({ timeout: LIMIT_MS });
    await page.evaluate(HOLD);
    await page.locator(".plate[data-state='ng']").waitFor();
    const path = join(folder, `${name}.jpg`);
    await page.screenshot({ path, type: "jpeg", quality: 88 });
    console.log(path);
  }
} finally {
  await browser.close();
  agent.kill("SIGTERM");
}
