import { messageOf } from "../../errors.js";
import type { AlertPayload } from "../contract/payloads.js";
import { prefixed, put, remove, type Store, type StoreOp } from "../store/store.js";
import type { AlertHistory, Retention } from "./history.js";
import { memoryHistory } from "./memory.js";
import { type AlertRecord, firstRecord } from "./record.js";

export interface StoredHistoryOptions extends Retention {
  /** Its owner closes it, after the history. */
  readonly store: Store;
  /** How long ago something was that has this timestamp, epoch milliseconds. */
  readonly ageMs: (stampMs: number) => number;
  readonly onTrouble: (reason: string) => void;
  /** The store is known to take nothing, and that is told. */
  readonly isTroubled?: boolean;
}

const PREFIX = "history/";

/**
 * A history that survives the process: answers come from memory, what changes is written behind. It is no promise as the
 * outbox is: a power cut may cost its last steps, so it is not synced.
 */
export async function openStoredHistory(options: StoredHistoryOptions): Promise<AlertHistory> {
  const { store, onTrouble, isTroubled = false } = options;
  const { records, unreadable } = await readAll(store);
  /** By id: what is not yet on disk. */
  const unwritten = new Map<string, AlertRecord | null>(unreadable.map((id) => [id, null]));
  let writing: Promise<void> | null = null;
  let wasTrouble = isTroubled;

  const write = async (): Promise<void> => {
    while (unwritten.size > 0) {
      const batch = [...unwritten];
      unwritten.clear();
      try {
        // A store whose disk was full takes nothing until it is asked to look for room.
        if (wasTrouble) await store.makeRoom();
        await store.batch(batch.map(operation));
        wasTrouble = false;
      } catch (error) {
        // They wait for the next step; whatever is newer of the same alert wins. What was forgotten meanwhile is left to the
        // next start where it becomes too much: it is the oldest, and goes then.
        for (const [id, record] of batch) {
          const tooMuch = record === null && unwritten.size >= options.maxAlerts;
          if (!unwritten.has(id) && !tooMuch) unwritten.set(id, record);
        }
        if (!wasTrouble) onTrouble(messageOf(error));
        wasTrouble = true;
        return;
      }
    }
  };
  const onChange = (id: string, record: AlertRecord | null): void => {
    unwritten.set(id, record);
    // From the next turn on, so that the steps of one turn are one write.
    writing ??= Promise.resolve()
      .then(write)
      .finally(() => {
        writing = null;
      });
  };
  if (unreadable.length > 0) onTrouble(`${unreadable.length} alerts of earlier runs cannot be read and are left out`);
  const history = memoryHistory({ ...options, left: records, onChange });
  return {
    ...history,
    close: async () => {
      await writing;
      await write();
    },
  };
}

function operation([id, record]: readonly [string, AlertRecord | null]): StoreOp {
  const key = `${PREFIX}${id}`;
  return record === null ? remove(key) : put(key, Buffer.from(JSON.stringify(storedOf(record))));
}

/** A record as it lies in the store. `alert`, `since` and `steps` are all that version 0.1 writes, and reads. */
interface Stored extends Omit<AlertRecord, "latest" | "steps" | "stepCount"> {
  readonly alert: AlertPayload;
  /** Their number. */
  readonly steps: number;
  readonly listed: AlertRecord["steps"];
}

function storedOf({ latest, steps, stepCount, ...rest }: AlertRecord): Stored {
  return { alert: latest, steps: stepCount, listed: steps, ...rest };
}

/** In the order of their latest steps. */
async function readAll(store: Store): Promise<{ records: AlertRecord[]; unreadable: string[] }> {
  const records: AlertRecord[] = [];
  const unreadable: string[] = [];
  for await (const { key, value } of store.entries(prefixed(PREFIX))) {
    const record = recordIn(value);
    if (record === null) unreadable.push(key.slice(PREFIX.length));
    else records.push(record);
  }
  return { records: records.sort((a, b) => a.latest.seq - b.latest.seq), unreadable };
}

/** Null for what no version can have written. */
function recordIn(value: Uint8Array): AlertRecord | null {
  try {
    const { alert, since, steps, listed, worst, peak, picture, earlier } = JSON.parse(
      Buffer.from(value).toString("utf8"),
    ) as Partial<Stored>;
    if (!isStep(alert) || typeof since !== "string" || steps === undefined || !Number.isInteger(steps)) return null;
    const whole = listed !== undefined && worst !== undefined && picture !== undefined && earlier !== undefined;
    if (!whole) return { ...firstRecord(alert), since, stepCount: steps };
    return {
      latest: alert,
      since,
      worst,
      peak: peak ?? worst.score,
      picture,
      earlier,
      steps: listed,
      stepCount: steps,
    };
  } catch {
    return null;
  }
}

function isStep(step: AlertPayload | undefined): step is AlertPayload {
  return (
    typeof step?.id === "string" &&
    typeof step.camera === "string" &&
    Number.isInteger(step.seq) &&
    Number.isFinite(Date.parse(step.ts))
  );
}
