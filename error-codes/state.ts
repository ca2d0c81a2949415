import { chapter, failed, wrong } from "./chapter.js";

const CHECK_DISK = "Check the disk, and that this user may write there.";

export const stateCodes = chapter("What the agent keeps on disk", "docs/on-disk.md", {
  CLOCK_UNKEPT: failed(
    "What the machine's clock said cannot be read or written: one that is wrong at the next start may make what is kept look old.",
    "Check the disk, and that this user may write there.",
  ),
  COMMAND_TRAIL_FAILED: failed(
    "The last commands cannot be read or written; commands are carried out and logged all the same.",
    "Check the disk, and that this user may write there.",
  ),
  EVIDENCE_OFF: wrong("No raw frames are kept, so there is none to move.", "Set evidence.enabled: true."),
  HISTORY_TROUBLE: failed(
    "The history of alerts cannot be read or written; alerts are sent all the same.",
    "Check the disk, or remove the folder to begin a new one.",
  ),
  OUTBOX_FAILED: failed("The outbox failed for a reason that has no code of its own.", "Check the disk."),
  OUTBOX_LOST: failed(
    "Alerts that waited for the broker are lost; the numbers go on behind them.",
    "Subscribers see a gap where alerts were lost. Check the disk, and who removes files from state.path.",
  ),
  SETTINGS_UNREADABLE: failed(
    "What commands had changed cannot be read, and the configuration holds.",
    "Look into the file that was put aside, and give the commands again.",
  ),
  SETTINGS_UNWRITABLE: failed(
    "A change cannot be kept, so it is not made.",
    "Free disk space, or correct the permissions of state.path.",
  ),
  STATE_UNREADABLE: failed(
    "The number of the last alert cannot be read.",
    "Write the last known seq of this agent into the file, or remove it to count from 1.",
  ),
  STATE_UNWRITABLE: failed(
    "The agent cannot write where it keeps its state.",
    "Check state.path, that this user may write there, and that there is room.",
  ),
  STORE_CLOSED: failed("The store is closed.", "Open it again."),
  STORE_DAMAGED: failed(
    "Files of the store are damaged.",
    "What is intact was saved; the damaged files are kept beside it. Check the disk.",
  ),
  STORE_FAILED: failed("The store cannot be read or written.", CHECK_DISK),
  STORE_FULL: failed("The disk is full.", "Make room on the disk: what is given up until then is counted in health."),
  STORE_LOCKED: failed(
    "Another process has the store open.",
    "Another agent uses this folder: stop it, or set state.path to another one.",
  ),
  STORE_UNUSABLE: failed("The store cannot be opened.", CHECK_DISK),
});
