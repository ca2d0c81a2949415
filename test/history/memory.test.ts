import { memoryHistory } from "../../agent/history/memory.js";
import { alertHistoryContract } from "../contracts/alert-history.js";

alertHistoryContract("in memory", async (retention, wallMs) => {
  const history = memoryHistory({ ...retention, ageMs: (stampMs) => wallMs() - stampMs });
  return { history, close: () => history.close() };
});
