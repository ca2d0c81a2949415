#!/bin/sh
# The command retort of an installed Retort. As the service's own user (sudo -u retort retort doctor) it has what the unit gives the service.
if [ "$(id -un)" = retort ]; then
  RETORT_STATE_PATH=${RETORT_STATE_PATH:-/var/lib/retort}
  export RETORT_STATE_PATH
  if [ -r /etc/retort/env ]; then
    exec /usr/bin/node --env-file=/etc/retort/env /opt/retort/current/bin/retort.cjs "$@"
  fi
fi
exec /usr/bin/node /opt/retort/current/bin/retort.cjs "$@"
