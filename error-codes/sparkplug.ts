import { chapter, failed } from "./chapter.js";

/** The codes of Sparkplug B. */
export const sparkplugCodes = chapter("Sparkplug", "docs/sparkplug.md", {
  SPARKPLUG_COMMAND_INVALID: failed(
    "A host wrote what this edge node cannot take.",
    "Write a metric that can be written, in its datatype: docs/sparkplug.md lists them.",
  ),
  SPARKPLUG_STATE_INVALID: failed(
    "The STATE of the primary host cannot be used, or is older than one before it.",
    "Use a host of Sparkplug 3.0, and hold its clock right; an old STATE that is retained goes with an empty retained message.",
  ),
  SPARKPLUG_STATE_UNREADABLE: failed(
    "The number of the last birth cannot be read; it begins with 0 again.",
    "Nothing is to be done, unless it comes again: then check the disk.",
  ),
  SPARKPLUG_STATE_UNWRITABLE: failed(
    "The number of the birth cannot be kept; after a restart hosts may take an old death for a new one.",
    "Free the disk, or give the agent the right to write to state.path.",
  ),
});
