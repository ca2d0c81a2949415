import type { ComponentChildren } from "preact";
import type { LiveHealth } from "../../contract/live-events.js";
import type { SelfTestHealth } from "../../contract/payloads.js";
import { clock, duration, fixed, percent, whole } from "./format.js";
import type { Line } from "./line.js";
import { words } from "./words.js";

const sum = (of: Readonly<Record<string, number>>): number => Object.values(of).reduce((all, n) => all + n, 0);

/** By reason, in words: "newer-frame 3". */
function reasons(of: Readonly<Record<string, number>>): string {
  const some = Object.entries(of).filter(([, n]) => n > 0);
  return some.map(([reason, n]) => `${reason} ${n.toLocaleString("en")}`).join(", ");
}

/** What stands behind the pictures: the account of frames, the model and what it runs on, broker and outbox. */
export function Machine({ line }: { line: Line }) {
  const { health, version } = line;
  return (
    <section class="machine" aria-labelledby="machine">
      <h2 id="machine">{words.machine.title}</h2>
      <Frames line={line} />
      <div class="cards">
        <Models health={health} line={line} />
        <Broker health={health} />
        <Outbox health={health} />
        <Figures health={health} />
        <Card title={words.machine.version}>
          <Fact name={words.machine.version}>{version}</Fact>
          <Fact name={words.live}>{words.upSince(duration(health.uptimeS * 1000))}</Fact>
          <Fact name={words.machine.dropped}>{whole(line.picturesDropped)}</Fact>
        </Card>
      </div>
    </section>
  );
}

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  );
}

function Fact({ name, bad = false, children }: { name: string; bad?: boolean; children: ComponentChildren }) {
  return (
    <div class={bad ? "bad" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Frames({ line: { cameras, health } }: { line: Line }) {
  const { columns } = words.machine;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scrolls" aria-label={words.machine.frames} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {Object.values(columns).map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cameras.map(({ id }) => {
            const of = health.cameras[id];
            const dropped = of === undefined ? null : sum(of.dropped);
            return (
              <tr key={id}>
                <th scope="row">{id}</th>
                <td>{whole(of?.captured)}</td>
                <td>{whole(of?.scored)}</td>
                <td title={of === undefined ? "" : reasons(of.dropped)}>{whole(dropped)}</td>
                <td class={of !== undefined && of.failed > 0 ? "bad" : ""}>{whole(of?.failed)}</td>
                <td>{whole(of?.inFlight)}</td>
                <td>{percent(of?.share ?? null)}</td>
                <td>{fixed(of?.fps, 1)}</td>
                <td>{fixed(of?.latencyMs?.p50, 0, " ms")}</td>
                <td>{fixed(of?.latencyMs?.p99, 0, " ms")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Models({ health, line }: { health: LiveHealth; line: Line }) {
  const names = [...new Set(line.cameras.map(({ model }) => model))];
  return names.map((name) => {
    const model = health.models[name];
    if (model === undefined) {
      return (
        <Card key={name} title={`${words.machine.models} ${name}`}>
          <Fact name={name} bad>
            {words.machine.loading}
          </Fact>
        </Card>
      );
    }
    const { providers, version, sha256 } = model;
    const selfTest = health.selfTests[name];
    return (
      <Card key={name} title={`${words.machine.models} ${name}`}>
        <Fact name={words.machine.models}>
          {model.name} {version} <span class="soft">{sha256.slice(0, 8)}</span>
        </Fact>
        <Fact name={words.machine.provider}>
          <b>{providers.used}</b>
        </Fact>
        {typeof providers.fault === "string" && (
          <Fact name={words.machine.providerFault} bad>
            {providers.fault}
          </Fact>
        )}
        {providers.engine !== undefined && (
          <Fact name={words.machine.engine} bad={["refused", "failed"].includes(providers.engine.state)}>
            <b>{words.machine.engineOf[providers.engine.state]}</b> {duration(1_000 * providers.engine.ageS)}{" "}
            <span class="soft">
              {providers.engine.step}
              {providers.engine.failure !== null && `: ${providers.engine.failure}`}
            </span>
          </Fact>
        )}
        {selfTest !== undefined && (
          <Fact name={words.machine.selfTest} bad={selfTest.passed === false}>
            <b>{words.machine.selfTestOf[outcomeOf(selfTest)]}</b>{" "}
            {words.machine.selfTestPictures(selfTest.pictures, clock(selfTest.ts))}{" "}
            {selfTest.reason !== null && <span class="soft">{selfTest.reason}</span>}
          </Fact>
        )}
        {providers.precision !== undefined && (
          <Fact name={words.machine.precision}>
            {providers.precision.used} <span class="soft">{providers.precision.reason}</span>
          </Fact>
        )}
        {providers.tried
          // Of TensorRT, whose engine has a line of its own.
          .filter(({ taken, provider }) => !taken && !(provider === "tensorrt" && providers.engine !== undefined))
          .map(({ provider, reason }) => (
            <Fact key={provider} name={`${words.machine.reason}: ${provider}`}>
              <span class="soft">{reason}</span>
            </Fact>
          ))}
      </Card>
    );
  });
}

function outcomeOf({ passed }: SelfTestHealth): keyof typeof words.machine.selfTestOf {
  if (passed === null) return "broken";
  return passed ? "passed" : "failed";
}

/** Of the machine itself: what it tells of heat and power. */
function Figures({ health: { machine } }: { health: LiveHealth }) {
  if (machine === null) return null;
  const { temperaturesC, gpuLoad, powerW, powerMode, throttling } = machine;
  const [hottest] = Object.entries(temperaturesC).sort(([, one], [, other]) => other - one);
  const rails = Object.entries(powerW);
  if (hottest === undefined && gpuLoad === null && rails.length === 0 && throttling.reasons.length === 0) return null;
  return (
    <Card title={words.machine.machine}>
      {hottest !== undefined && (
        <Fact name={words.machine.hottest}>
          {fixed(hottest[1], 0, " °C")} <span class="soft">{hottest[0]}</span>
        </Fact>
      )}
      {gpuLoad !== null && <Fact name={words.machine.gpu}>{percent(gpuLoad)}</Fact>}
      {rails.map(([rail, watts]) => (
        <Fact key={rail} name={`${words.machine.power} ${rail}`}>
          {fixed(watts, 1, " W")}
        </Fact>
      ))}
      {powerMode !== null && <Fact name={words.machine.powerMode}>{powerMode}</Fact>}
      <Fact name={words.machine.throttled} bad={throttling.reasons.length > 0}>
        {throttling.reasons.join(", ") || words.machine.nothing}
      </Fact>
    </Card>
  );
}

function Broker({ health: { broker } }: { health: LiveHealth }) {
  const { connected, protocol, waiting, lost, trouble } = broker;
  return (
    <Card title={words.machine.broker}>
      <Fact name={words.machine.broker} bad={!connected}>
        <b>{connected ? words.machine.connected : words.machine.disconnected}</b>{" "}
        {connected && protocol !== null ? words.machine.protocol(protocol) : ""}
      </Fact>
      <Fact name={words.machine.inMemory}>{whole(waiting)}</Fact>
      <Fact name={words.machine.lost}>{reasons(lost) || words.machine.nothing}</Fact>
      {trouble !== null && (
        <Fact name={words.machine.trouble}>
          {clock(trouble.ts)} <span class="soft">{trouble.message}</span>
        </Fact>
      )}
    </Card>
  );
}

function Outbox({ health: { outbox } }: { health: LiveHealth }) {
  const { depth, verdicts, evidence, ageMs, lost } = outbox;
  return (
    <Card title={words.machine.outbox}>
      <Fact name={words.machine.waiting}>{whole(depth)}</Fact>
      <Fact name={words.machine.verdicts}>{whole(verdicts)}</Fact>
      <Fact name={words.machine.pictures}>{whole(evidence)}</Fact>
      <Fact name={words.machine.oldest}>{depth + verdicts + evidence > 0 ? duration(ageMs) : "–"}</Fact>
      <Fact name={words.machine.lost} bad={sum(lost) > 0}>
        {reasons(lost) || words.machine.nothing}
      </Fact>
    </Card>
  );
}
