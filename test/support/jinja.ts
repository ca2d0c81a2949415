import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Jinja itself, in the sandbox that Home Assistant renders templates in. */
export interface Jinja {
  /** Rejects where the template is none, or asks for what its sandbox refuses. */
  render(template: string, variables: Readonly<Record<string, unknown>>): Promise<string>;
  close(): void;
}

/** Home Assistant's own additions, as far as its documentation of MQTT templates names them: `now`, `value_json`; the result is stripped. */
const SCRIPT = `
import datetime, json, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
environment.globals["now"] = lambda: datetime.datetime.now(datetime.timezone.utc)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"text": environment.from_string(asked["template"]).render(**asked["variables"]).strip()}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
`;

type Answer = { readonly text: string } | { readonly error: string };

/** Debian's Python: only it has Debian's Jinja. */
export function startJinja(): Jinja {
  const python: ChildProcess = spawn("/usr/bin/python3", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: python.stdout! }).on("line", (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  python.once("close", () => {
    for (const each of waiting.splice(0)) each({ error: "python3 with jinja2 has ended" });
  });
  return {
    render: async (template, variables) => {
      const answered = new Promise<Answer>((resolve) => waiting.push(resolve));
      python.stdin!.write(`${JSON.stringify({ template, variables })}\n`);
      const answer = await answered;
      if ("error" in answer) throw new Error(`${answer.error}: ${template}`);
      return answer.text;
    },
    close: () => python.stdin!.end(),
  };
}
