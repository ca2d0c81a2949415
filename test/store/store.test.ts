import { join } from "node:path";
import { openLevelStore } from "../../agent/store/level-store.js";
import { openMemoryStore } from "../../agent/store/memory-store.js";
import { storeContract } from "../contracts/store.js";
import { temporaryFolder } from "../support/config.js";

storeContract("in memory", async () => openMemoryStore());
storeContract("LevelDB", () => openLevelStore(join(temporaryFolder(), "store"), { reserveBytes: 65_536 }));
