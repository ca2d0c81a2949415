import type { LiveEvents } from "../../agent/contract/live-events.js";

export interface SentEvent<Name extends keyof LiveEvents = keyof LiveEvents> {
  readonly name: Name;
  readonly data: LiveEvents[Name];
}

export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** The next event of that name; others are passed over. */
  next<Name extends keyof LiveEvents>(name: Name): Promise<LiveEvents[Name]>;
  /** Resolves when the agent ends it. */
  ended(): Promise<void>;
  stop(): void;
}

/** Reads `text/event-stream` by the rules of HTML, 9.2.6, as far as they are used. */
export async function readEvents(address: URL, headers: Record<string, string> = {}): Promise<EventReader> {
  const stopping = new AbortController();
  const response = await fetch(address, { headers, signal: stopping.signal });
  const events = eventsOf(response);
  return {
    status: response.status,
    headers: response.headers,
    next: async <Name extends keyof LiveEvents>(name: Name) => {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new Error(`it ended before an event ${name}`);
        if (value.name === name) return value.data as LiveEvents[Name];
      }
    },
    ended: async () => {
      while ((await events.next()).done !== true);
    },
    stop: () => stopping.abort(),
  };
}

async function* eventsOf(response: Response): AsyncGenerator<SentEvent> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => fields.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [name, data] = [field("event"), field("data")];
      if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) } as SentEvent;
    }
  }
}
