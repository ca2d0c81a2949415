# A machine that boots for the first time after install.sh --root put the service into its file system: run there, as root.
# shellcheck shell=sh

# shellcheck source-path=SCRIPTDIR source=common.sh
. /src/common.sh

for _ in $(seq 120); do
  if journalctl --no-pager -u retort | grep -m 1 'OK  *demo  part'; then judged=yes; break; fi
  sleep 1
done
[ "${judged:-no}" = yes ] || broken "no verdict within two minutes"
[ "$(systemctl is-active retort)" = active ] || broken "the service is not active"
[ "$(systemctl show --property=NRestarts --value retort)" = 0 ] || broken "it was started more than once"
[ -L /etc/systemd/system/multi-user.target.wants/retort.service ] || broken "the service is not enabled"
[ "$(id -Gn retort)" = "retort video render" ] || broken "the user's groups are $(id -Gn retort)"
command_has_state /var/lib/retort
echo "ok    the first start gives verdicts, with nothing done on the machine itself"
