/** An agent as a browser sees it, without the agent: the page's files, its events, its commands. Held to the contract by its types. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { LearningAnswer } from "../../agent/contract/learning.js";
import type {
  LiveCamera,
  LiveEvents,
  LiveHealth,
  LiveSnapshot,
  Role,
  SessionAnswer,
  ThresholdPreview,
} from "../../agent/contract/live-events.js";
import { packageRoot } from "../../config/package-root.js";
import { health, preview } from "../support/live.js";

export interface FakeAgent {
  readonly url: string;
  /** What pages ask `/api/events` for, the latest last. */
  readonly asked: readonly string[];
  /** Commands as they came. */
  readonly commands: readonly { readonly name: string; readonly args: Record<string, unknown> }[];
  /** Pages that listen. */
  listeners(): number;
  tell<K extends keyof LiveEvents>(name: K, data: LiveEvents[K]): void;
  /** Pings and health stop, the connection stays: an agent that hangs. */
  hang(): void;
  close(): Promise<void>;
}

export interface FakeAgentOptions {
  readonly cameras: readonly LiveCamera[];
  readonly snapshot?: Partial<LiveSnapshot>;
  readonly health?: () => LiveHealth;
  readonly preview?: (threshold: number) => Partial<ThresholdPreview>;
  readonly learning?: LearningAnswer;
  /** What commands come to, by their name; null unless given. */
  readonly results?: Readonly<Record<string, unknown>>;
  /** Whoever has it may act; nobody else may look. */
  readonly token?: string;
  readonly role?: Role;
}

const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript", css: "text/css" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'";

export async function fakeAgent(options: FakeAgentOptions): Promise<FakeAgent> {
  const { cameras, token, role = "act" } = options;
  const listening = new Set<ServerResponse>();
  const asked: string[] = [];
  const commands: { name: string; args: Record<string, unknown> }[] = [];
  const ts = (): string => new Date().toISOString();
  const write = (to: ServerResponse, name: string, data: unknown): void => {
    to.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const tell: FakeAgent["tell"] = (name, data) => {
    for (const each of listening) write(each, name, data);
  };
  const healthNow = options.health ?? (() => health(cameras.map(({ id }) => id)));
  const session: SessionAnswer = {
    role,
    agent: "line-7",
    version: "1.0.0",
    tokenNeeded: token !== undefined,
    session: token === undefined ? null : { id: "5e551011", until: ts() },
  };
  const snapshot = (): LiveSnapshot => ({
    v: 1,
    ts: ts(),
    agent: "line-7",
    version: "1.0.0",
    since: ts(),
    role,
    cameras,
    health: healthNow(),
    alerts: [],
    verdicts: {},
    scores: {},
    ...options.snapshot,
  });

  const json = (
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): void => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname: path, searchParams, search } = new URL(request.url ?? "/", "http://x");
    const file = path === "/" ? "index.html" : path.slice(1);
    if (["index.html", "app.js", "app.css"].includes(file)) {
      const bytes = await readFile(join(packageRoot(), "dist/agent/http/web", file));
      const type = TYPES[file.split(".")[1] ?? ""] ?? "";
      response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": POLICY }).end(bytes);
      return;
    }
    const known = token === undefined || request.headers.cookie === "retort=known";
    if (path === "/api/session" && request.method === "POST") {
      const right = (JSON.parse(await textOf(request)) as { token?: string }).token === token;
      const cookie = { "Set-Cookie": "retort=known; HttpOnly; SameSite=Strict; Path=/" };
      if (right) json(response, 200, session, cookie);
      else json(response, 401, { error: { code: "HTTP_UNAUTHORIZED", message: "unknown" } });
    } else if (!known) json(response, 401, { error: { code: "HTTP_UNAUTHORIZED", message: "unknown" } });
    else if (path === "/api/session") json(response, 200, session);
    else if (path === "/api/events") {
      asked.push(search);
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      write(response, "snapshot", snapshot());
      listening.add(response);
      response.on("close", () => listening.delete(response));
    } else if (path.endsWith("/threshold-preview")) {
      const threshold = Number(searchParams.get("threshold"));
      json(response, 200, { ...preview(threshold), ...options.preview?.(threshold) });
    } else if (path === "/api/learning") {
      json(response, 200, options.learning ?? { v: 1, feedback: null, models: {} });
    } else if (path.startsWith("/api/commands/")) {
      const args = JSON.parse(await textOf(request)) as Record<string, unknown>;
      const name = path.split("/").at(-1) ?? "";
      commands.push({ name, args });
      json(response, 200, { v: 1, id: args.id, ok: true, result: options.results?.[name] ?? null });
    } else json(response, 404, { error: { code: "HTTP_NOT_FOUND", message: "nothing here" } });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => json(response, 500, { error: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const beating = setInterval(() => {
    tell("ping", { ts: ts(), picturesDropped: 0 });
    tell("health", healthNow());
  }, 500);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    commands,
    listeners: () => listening.size,
    tell,
    hang: () => clearInterval(beating),
    close: async () => {
      clearInterval(beating);
      for (const each of listening) each.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
