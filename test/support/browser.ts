import { existsSync } from "node:fs";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Debian's; the set-up of the tests installs it. */
const PATHS = ["/usr/bin/chromium", "/usr/lib/chromium/chromium"];
const executablePath = process.env.RETORT_TEST_CHROMIUM ?? PATHS.find((path) => existsSync(path));

/** For what a page is to show: a machine that trains beside it is slow. */
const LIMIT_MS = 15_000;

export const haveBrowser = executablePath !== undefined;
if (!haveBrowser)
  console.log("skipped: tests of the live view in a browser, since there is no Chromium on this machine");

export interface Browser {
  /** A page of its own, with no memory of others. */
  open(url: string, options?: BrowserContextOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenPage {
  readonly page: Page;
  /** What the browser complained of: its console's errors, scripts that threw. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for, of any host. */
  readonly requests: readonly string[];
}

/** A real Chromium without a window. */
export async function openBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("no Chromium: ask haveBrowser before");
  // As root, and where /dev/shm is small, as in containers.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb"];
  const browser = await chromium.launch({ executablePath, args, headless: true });
  return {
    open: async (url, options = {}) => {
      const context = await browser.newContext({ reducedMotion: "reduce", ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT_MS);
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(url);
      return { page, complaints, requests };
    },
    close: () => browser.close(),
  };
}
