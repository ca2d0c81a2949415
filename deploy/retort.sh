#!/bin/sh
# The command retort of an installed Retort. As the service's own user (sudo -u retort retort doctor) it has what the unit gives the service.
if [ "$(id -un)" = retort ]; then
  # What stands in the file of variables outweighs the unit and its drop-ins, as with systemd.
  if [ -z "${RETORT_STATE_PATH:-}" ] && ! grep -qs '^RETORT_STATE_PATH=' /etc/retort/env; then
    RETORT_STATE_PATH=$(systemctl show --property=Environment --value retort 2> /dev/null | tr ' ' '\n' | sed -n 's/^RETORT_STATE_PATH=//p')
    RETORT_STATE_PATH=${RETORT_STATE_PATH:-/var/lib/retort}
    export RETORT_STATE_PATH
  fi
  if [ -r /etc/retort/env ]; then
    exec /usr/bin/node --env-file=/etc/retort/env /opt/retort/current/bin/retort.cjs "$@"
  fi
fi
exec /usr/bin/node /opt/retort/current/bin/retort.cjs "$@"
