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

export interface OpenPage {
  readonly page: Page;
  /** What the browser complained of: its console's errors, scripts that threw. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for, of any host. */
  readonly requests: readonly string[];
}

export interface Browser {
  /** A page of its own, with no memory of others, until the test ends. */
  open(url: string, options?: BrowserContextOptions): Promise<OpenPage>;
  /** A test that needs a browser; without one there is none. */
  readonly test: Test;
  /** At the end of the present test. */
  finally(close: () => Promise<void>): void;
}

type Test = (title: string, body: () => Promise<void>) => void;

/** A real Chromium without a window, for as long as the suite takes. */
export function browserOf(
  suite: Test & Record<"before" | "after", Hook> & { readonly after: { readonly each: Hook } },
): Browser {
  let browser: Awaited<ReturnType<typeof chromium.launch>> | undefined;
  const closing: (() => Promise<void>)[] = [];
  suite.before(async () => {
    if (haveBrowser) browser = await launch();
  });
  suite.after.each(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  suite.after(async () => {
    await browser?.close();
  });
  return {
    test: (title, body) => {
      if (haveBrowser) suite(title, body);
    },
    finally: (close) => closing.push(close),
    open: async (url, options) => {
      const opened = await openPage(browser!, url, options);
      closing.push(() => opened.page.context().close());
      return opened;
    },
  };
}

type Hook = (callback: () => Promise<void>) => void;

/** As root, and where /dev/shm is small, as in containers. */
const ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb"];

export function launch(): ReturnType<typeof chromium.launch> {
  if (executablePath === undefined) throw new Error("no Chromium: ask haveBrowser before");
  return chromium.launch({ executablePath, args: ARGS, headless: true });
}

export async function openPage(
  browser: Awaited<ReturnType<typeof launch>>,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
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
}
