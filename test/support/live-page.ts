import { type FakeAgent, type FakeAgentOptions, fakeAgent } from "../fakes/live-agent.js";
import type { Browser, OpenPage } from "./browser.js";
import { until } from "./until.js";

/** The live view of an agent that does what the test says. */
export async function see(
  browser: Browser,
  options: FakeAgentOptions,
): Promise<OpenPage & { readonly agent: FakeAgent }> {
  const agent = await fakeAgent(options);
  browser.finally(() => agent.close());
  const opened = await browser.open(agent.url);
  // Which cameras there are the page hears first; then it asks again, with their pictures.
  if (options.token === undefined) {
    await until(() => agent.asked.at(-1)?.startsWith("?pictures=") === true, "the page asks for pictures", 15_000);
  }
  return { agent, ...opened };
}
