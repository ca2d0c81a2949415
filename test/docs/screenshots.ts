/** `npm run screenshots`: the live view of the demo line at its first alert, light and dark, wide and on a phone, into docs/pictures/. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { launch, openPage } from "../support/browser.js";
import { temporaryFolder } from "../support/config.js";

const folder = join(packageRoot(), "docs/pictures");
/** The demo's line has so many good parts at first. */
const LIMIT_MS = 480_000;

const shapes = {
  wide: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
} as const;

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
    await page.locator(".alert .thumbnail img").first().waitFor({ timeout: LIMIT_MS });
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
