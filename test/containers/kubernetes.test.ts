/** deploy/kubernetes: each document by the published API's types, where a field that the API does not know is an error. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { DaemonSet } from "kubernetes-types/apps/v1.js";
import * as assert from "uvu/assert";
import { parseAllDocuments } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";

const test = suite("kubernetes");
const folder = join(packageRoot(), "deploy/kubernetes");
const OVERLAYS = ["cpu", "nvidia"] as const;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}
interface Overlay {
  readonly name: string;
  readonly manifests: readonly Manifest[];
}

/** Kubernetes' own, beside those of kustomize, which kubectl reads. */
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yaml") && !["kustomization.yaml", "retort.yaml"].includes(basename(path)))
  .flatMap((path) => documentsIn(readFileSync(join(folder, path), "utf8")));

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!hasKubectl) console.log("skipped: kubectl is not here");
const built: readonly Overlay[] = hasKubectl ? OVERLAYS.map(build) : [];
const kustomized = hasKubectl ? test : test.skip;

function documentsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    assert.equal(document.errors, []);
    return document.toJS() as Manifest;
  });
}

function build(name: string): Overlay {
  const text = execFileSync("kubectl", ["kustomize", join(folder, "overlays", name)], { encoding: "utf8" });
  return { name, manifests: documentsIn(text) };
}

/** What the compiler says of the documents as literals of the API's types. */
function faultsOf(manifests: readonly Manifest[]): string {
  const checked = temporaryFolder();
  const types = join(packageRoot(), "node_modules/kubernetes-types");
  const lines = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest;
    const [group, version = group] = apiVersion.split("/");
    const module = apiVersion.includes("/") ? `${group?.split(".")[0]}/${version}` : `core/${version}`;
    const type = `import(${JSON.stringify(`${types}/${module}.d.ts`)}).${kind}`;
    return `export const document${index}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
  });
  const file = join(checked, "manifests.ts");
  writeFileSync(file, lines.join("\n"));
  const compiler = join(packageRoot(), "node_modules/typescript/bin/tsc");
  const args = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--ignoreConfig",
    "--types",
    "",
    file,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], { cwd: checked, encoding: "utf8" });
  return stdout + stderr;
}

function daemonSetOf({ manifests }: Overlay): DaemonSet {
  const found = manifests.find(({ kind }) => kind === "DaemonSet");
  assert.ok(found);
  return found as unknown as DaemonSet;
}

test("each file is what the API takes: its kinds, fields and their types", () => {
  assert.ok(sources.length >= 7);
  assert.is(faultsOf(sources), "");
});

test("a field that the API does not know is found", () => {
  const [first] = sources;
  assert.match(faultsOf([{ ...first, sepc: {} } as unknown as Manifest]), "sepc");
});

kustomized("each overlay is built, and what it makes is what the API takes", () => {
  for (const { name, manifests } of built) {
    assert.is(faultsOf(manifests), "", name);
    const kinds = manifests.map(({ kind }) => kind).sort();
    const expected = [
      "ConfigMap",
      "DaemonSet",
      "Namespace",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ];
    assert.equal(kinds, expected, name);
    for (const { kind, metadata } of manifests) if (kind !== "Namespace") assert.is(metadata.namespace, "retort", kind);
  }
});

kustomized("the agent has no right that it does not need, and is asked whether it lives and is ready", () => {
  for (const overlay of built) {
    const pod = daemonSetOf(overlay).spec?.template.spec;
    const [agent] = pod?.containers ?? [];
    assert.ok(pod && agent);
    assert.equal([pod.hostNetwork, pod.hostPID, pod.hostIPC], [undefined, undefined, undefined]);
    assert.equal([pod.securityContext?.runAsNonRoot, pod.securityContext?.runAsUser], [true, 10001]);
    assert.is(pod.securityContext?.seccompProfile?.type, "RuntimeDefault");
    for (const container of [agent, ...(pod.initContainers ?? [])]) {
      assert.is(container.securityContext?.allowPrivilegeEscalation, false);
      assert.is(container.securityContext?.readOnlyRootFilesystem, true);
      assert.equal(container.securityContext?.capabilities?.drop, ["ALL"]);
      assert.ok(container.resources?.limits?.memory);
    }
    assert.is(agent.securityContext?.capabilities?.add, undefined);
    assert.equal([agent.livenessProbe?.httpGet?.path, agent.startupProbe?.httpGet?.path], ["/healthz", "/healthz"]);
    assert.is(agent.readinessProbe?.exec?.command?.at(-1), "/readyz");
    const volumes = new Set(pod.volumes?.map(({ name }) => name));
    for (const { name } of agent.volumeMounts ?? []) assert.ok(volumes.has(name), name);
    assert.equal(pod.nodeSelector, { "retort-agent": overlay.name });
    assert.is(agent.image, `retort:${overlay.name === "nvidia" ? "cuda" : "cpu"}`);
    assert.is(pod.runtimeClassName, overlay.name === "nvidia" ? "nvidia" : undefined);
  }
});

kustomized("a camera's component adds its device, and no privilege", () => {
  const overlay = temporaryFolder();
  execFileSync("cp", ["-r", `${folder}/.`, overlay]);
  const file = join(overlay, "overlays/cpu/kustomization.yaml");
  writeFileSync(file, `${readFileSync(file, "utf8")}components: [../../components/usb-camera]\n`);
  const text = execFileSync("kubectl", ["kustomize", join(overlay, "overlays/cpu")], { encoding: "utf8" });
  const manifests = documentsIn(text);
  assert.is(faultsOf(manifests), "");
  const pod = daemonSetOf({ name: "cpu", manifests }).spec?.template.spec;
  assert.is(Number(pod?.containers[0]?.resources?.limits?.["squat.ai/video"]), 1);
  assert.equal(pod?.securityContext?.supplementalGroups, [44]);
  assert.not.match(text, "privileged: true");
});

/** What deploy/compose/secrets.mjs makes for an agent, which docs/containers.md has put into the cluster. */
function agentSecrets(): string {
  const made = temporaryFolder();
  execFileSync(process.execPath, [join(folder, "../compose/secrets.mjs"), "--own", "--folder", made]);
  return join(made, "agent");
}

kustomized("the secret that docs/containers.md makes is what the API takes", () => {
  const args = ["create", "secret", "generic", "retort", "-n", "retort", `--from-file=${agentSecrets()}`];
  const text = execFileSync("kubectl", [...args, "--dry-run=client", "-o", "yaml"], { encoding: "utf8" });
  const manifests = documentsIn(text.replace(/^ *creationTimestamp: null\n/m, ""));
  assert.is(faultsOf(manifests), "");
  const pod = daemonSetOf(build("cpu")).spec?.template.spec;
  const mounted = pod?.volumes?.find(({ name }) => name === "secrets");
  assert.equal([manifests[0]?.metadata.name, mounted?.secret?.secretName], ["retort", "retort"]);
});

test("the configuration of the cluster is one that the agent takes, with these secrets", async () => {
  const secrets = agentSecrets();
  const { status, stderr, stdout } = await retort(["check", "--config", join(folder, "base/retort.yaml")], {
    env: {
      RETORT_AGENT_ID: "node-1",
      RETORT_HTTP_HOST: "0.0.0.0",
      RETORT_MQTT_PASSWORDFILE: join(secrets, "mqtt-password"),
      RETORT_MQTT_CAFILE: join(secrets, "ca.pem"),
      RETORT_HTTP_TOKENFILE: join(secrets, "http-token"),
      RETORT_HTTP_VIEWTOKENFILE: join(secrets, "http-view-token"),
      RETORT_MODELS_DEMO_PATH: join(packageRoot(), "models/demo"),
    },
  });
  assert.is(status, 0, stdout + stderr);
});

test.run();
