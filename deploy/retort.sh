#!/bin/sh
# The command retort of an installed Retort. As the service's own user (sudo -u retort retort doctor) it has what the unit gives the service.
if [ "$(id -un)" = retort ]; then
  # What stands in the file of variables outweighs the unit and its drop-ins, as with systemd.
  if [ -z "${RETORT_STATE_PATH:-}" ] && ! grep -qs '^RETORT_STATE_PATH=' /etc/retort/env; then
    RETORT_STATE_PATH=$(systemd-analyze cat-config systemd/system/retort.service 2> /dev/null |
      grep '^Environment=' | tr ' "' '\n' | sed -n 's/^\(Environment=\)*RETORT_STATE_PATH=//p' | tail -n 1)
    RETORT_STATE_PATH=${RETORT_STATE_PATH:-/var/lib/retort}
    export RETORT_STATE_PATH
  fi
  if [ -r /etc/retort/env ]; then
    exec /usr/bin/node --env-file=/etc/retort/env /opt/retort/current/bin/retort.cjs "$@"
  fi
fi
exec /usr/bin/node /opt/retort/current/bin/retort.cjs "$@"
