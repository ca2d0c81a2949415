import { join } from "node:path";
import { openLevelStore } from "../../agent/store/level-store.js";
import { openMemoryStore } from "../../agent/store/memory-store.js";
import { outboxContract } from "../contracts/outbox.js";
import { verdictOutboxContract } from "../contracts/verdict-outbox.js";
import { temporaryFolder } from "../support/config.js";

outboxContract("in memory", async () => openMemoryStore());
outboxContract("LevelDB", () => openLevelStore(join(temporaryFolder(), "outbox"), { reserveBytes: 0 }));
verdictOutboxContract("in memory", async () => openMemoryStore());
verdictOutboxContract("LevelDB", () => openLevelStore(join(temporaryFolder(), "outbox"), { reserveBytes: 0 }));
