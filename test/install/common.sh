# What the scenarios share: how promises are told, and how the service is looked at.
# shellcheck shell=sh

promise() { echo "ok    $*"; }
broken() {
  echo "FAIL  $*"
  journalctl --no-pager -u retort -n 40
  exit 1
}
main_pid() { systemctl show --property=MainPID --value "${1:-retort}"; }
runs() { [ "$(systemctl is-active "${1:-retort}")" = active ] && [ "$(main_pid "${1:-retort}")" != 0 ]; }
# $1: seconds, $2: words, $3: since when, $4: the unit
says() {
  for _ in $(seq "$1"); do
    if journalctl --no-pager -u "${4:-retort}" --since="$3" | grep -q "$2"; then return 0; fi
    sleep 1
  done
  return 1
}
now() { date '+%Y-%m-%d %H:%M:%S'; }
# The state of the command retort, as the service's user, must be $1.
command_has_state() {
  runuser -u retort -- retort check --config /etc/retort/retort.yaml | grep -qx " *path: $1" || broken "the command, as the service's user, has not the state $1"
}
