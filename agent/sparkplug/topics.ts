/** The edge node's topics (Sparkplug 3.0, 4.1). */
export interface SparkplugTopics {
  readonly nbirth: string;
  readonly ndata: string;
  readonly ndeath: string;
  readonly ncmd: string;
  /** Of every device. */
  readonly dcmds: string;
  readonly dbirth: (device: string) => string;
  readonly ddata: (device: string) => string;
  readonly ddeath: (device: string) => string;
  /** The device that a DCMD is for; null for any other topic. */
  readonly deviceOf: (topic: string) => string | null;
}

const NAMESPACE = "spBv1.0";

export function sparkplugTopics(group: string, node: string): SparkplugTopics {
  const of = (verb: string): string => `${NAMESPACE}/${group}/${verb}/${node}`;
  const dcmd = `${of("DCMD")}/`;
  return {
    nbirth: of("NBIRTH"),
    ndata: of("NDATA"),
    ndeath: of("NDEATH"),
    ncmd: of("NCMD"),
    dcmds: `${dcmd}+`,
    dbirth: (device) => `${of("DBIRTH")}/${device}`,
    ddata: (device) => `${of("DDATA")}/${device}`,
    ddeath: (device) => `${of("DDEATH")}/${device}`,
    deviceOf: (topic) => (topic.startsWith(dcmd) ? topic.slice(dcmd.length) : null),
  };
}

/** Where a host says whether it is online. */
export function stateTopic(hostId: string): string {
  return `${NAMESPACE}/STATE/${hostId}`;
}
