import { chapter, failed, fine, wrong } from "./chapter.js";

export const configCodes = chapter("Configuration", "docs/configuration.md", {
  AGENT_ID_INVALID: wrong("The agent's id cannot be a level of a topic.", "Use letters, digits, - and _."),
  CONFIG_CONFLICT: wrong("Two settings contradict each other.", "Change one of the settings that are named."),
  CONFIG_FILE_UNREADABLE: wrong(
    "The configuration file cannot be read.",
    "Check the path after --config and the file's permissions.",
  ),
  CONFIG_INVALID: wrong(
    "The configuration has at least one problem; each is listed with a code of its own.",
    "Correct the configuration; `retort check` shows what is wrong with it.",
  ),
  CONFIG_KEY_UNKNOWN: wrong("A key is none that Retort knows.", "See config/example.yaml for the names."),
  CONFIG_MIGRATED: failed(
    "The file is of an earlier version, and something in it is read as it was meant then.",
    "Bring the file to the newest version, as the warning says.",
  ),
  CONFIG_NAME_DOTTED: failed(
    "A name that topics are made of has dots, and RabbitMQ turns the dots of a topic into levels.",
    "Use - instead.",
  ),
  CONFIG_OK: fine("The configuration is valid."),
  CONFIG_OVERRIDDEN: failed(
    "A command has set something that the configuration says otherwise, and the command's is in force.",
    "Send the command that goes back to the configuration, as the warning says.",
  ),
  CONFIG_PATH_MISSING: wrong("A file or folder that the configuration names does not exist.", "Check the path."),
  CONFIG_PATH_WRONG_KIND: wrong(
    "The configuration names a folder where a file is wanted, or a file where a folder is.",
    "Check the path.",
  ),
  CONFIG_REFERENCE_UNKNOWN: wrong(
    "A name refers to something that the configuration does not define.",
    "Use a name that is defined, or define it.",
  ),
  CONFIG_SYNTAX: wrong("A file, variable or --set is not valid YAML or not of the form it needs.", "Correct the YAML."),
  CONFIG_VALUE_INVALID: wrong("A value has the wrong type, format or range.", "See config/example.yaml."),
  CONFIG_VALUE_MISSING: wrong("A setting that has no default is missing.", "Give it a value."),
  PACKAGE_ROOT_MISSING: failed(
    "The files that ship with Retort cannot be found.",
    "Install Retort again: its package is incomplete.",
  ),
});
