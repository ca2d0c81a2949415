import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../replace-file.js";
import { type Archive, type Item, type Kept, onDisk } from "./archive.js";

/** Keeps alerts' pictures for those who ask later. Held by test/contracts/evidence-store.ts. */
export interface EvidenceStore {
  /** Takes the place of the alert's picture before. Never rejects. */
  put(alertId: string, jpeg: Uint8Array): Promise<Kept>;
  /** Null where there is none, or none any more. */
  read(alertId: string): Promise<Uint8Array | null>;
}

/** What comes from outside and becomes a file's name is nothing but this. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isAlertId(text: string): boolean {
  return UUID.test(text);
}

/** `folder/<alert id>.jpg`, readable by the agent's user alone. */
export function diskEvidence(folder: string, archive: Archive): EvidenceStore {
  return {
    put(alertId, jpeg) {
      const item = itemOf(folder, alertId, jpeg.byteLength);
      return archive.put(item, () => replaceFile(item.path, jpeg, { mode: 0o600 }));
    },
    async read(alertId) {
      if (!isAlertId(alertId)) return null;
      try {
        return await readFile(itemOf(folder, alertId, 0).path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
  };
}

/** What an earlier run left, its drafts removed. */
export async function leftEvidence(folder: string): Promise<Item[]> {
  const items: Item[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (name.endsWith(".draft")) await rm(path, { force: true });
    else if (name.endsWith(".jpg") && isAlertId(name.slice(0, -4))) {
      items.push(itemOf(folder, name.slice(0, -4), (await stat(path)).size));
    }
  }
  return items;
}

/** Empty where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function itemOf(folder: string, alertId: string, bytes: number): Item {
  const path = join(folder, `${alertId}.jpg`);
  return { key: `evidence/${alertId}`, id: alertId, stampMs: timeOf(alertId), path, bytes: onDisk(bytes) };
}

/** A UUIDv7's first 48 bits: epoch milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
