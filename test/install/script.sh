# What deploy/install.sh does on a machine: run as root in a Debian that was booted with systemd. /src has the script and packages.
# shellcheck shell=sh disable=SC2015 # broken ends the script

# shellcheck source-path=SCRIPTDIR source=common.sh
. /src/common.sh

installer() { sh /src/install.sh "$@"; }
current() { basename "$(readlink -f /opt/retort/current)"; }
version_of() { sed -n 's/^ *"version": "\(.*\)",$/\1/p' "/opt/retort/$1/package.json"; }
# The installer must fail, and say $1.
refuses() {
  words=$1
  shift
  if installer "$@" > /tmp/refused 2>&1; then broken "it should have refused: $*"; fi
  grep -q "$words" /tmp/refused || { cat /tmp/refused; broken "it should have said '$words'"; }
}

apt-get update -q > /dev/null
refuses "there is no Node at /opt/node/bin/node" --from /src/a.tgz --node /opt/node/bin/node
printf '#!/bin/sh\necho v18.19.0\n' > /opt/old-node
chmod 755 /opt/old-node
refuses "v18.19.0 at /opt/old-node is too old" --from /src/a.tgz --node /opt/old-node
promise "a machine without a Node that is new enough is told what to do"
apt-get install -q -y --no-install-recommends nodejs npm > /dev/null

head -c 1000000 /src/a.tgz > /tmp/half.tgz
refuses "is no package of Retort, or only part of one" --from /tmp/half.tgz
if id retort > /dev/null 2>&1; then broken "a refused package made a user"; fi
promise "half a package is refused, and nothing is changed"

begun=$(now)
installer --from /src/a.tgz
runs || broken "the service does not run"
[ "$(systemctl is-enabled retort)" = enabled ] || broken "the service is not enabled"
says 60 'OK  *demo  part' "$begun" || broken "no verdict within a minute"
journalctl --no-pager -u retort | grep -m 1 'OK  *demo  part'
promise "a bare machine has a service that gives verdicts"
[ "$(stat -c '%U:%G %a' /etc/retort/retort.yaml)" = "root:retort 640" ] || broken "the configuration's rights"
[ "$(stat -c '%U:%G %a' /var/lib/retort)" = "retort:retort 700" ] || broken "the state's rights"
[ "$(ps -o user= -p "$(main_pid)")" = retort ] || broken "the service runs as somebody else"
retort --version | grep -q "^$(version_of "$(current)")" || broken "the command retort"
command_has_state /var/lib/retort
systemd-analyze security --threshold=20 retort > /dev/null || broken "exposed more than 2.0"
promise "it runs as its own user, exposed 2.0 at most, on the demo line's configuration"

a=$(current)
pid=$(main_pid)
installer --from /src/a.tgz
[ "$(current)" = "$a" ] && runs || broken "after a second time"
[ "$pid" != "$(main_pid)" ] || broken "a second time did not start it again"
promise "the same package can be installed again"

cat > /etc/retort/line-2.yaml << 'YAML'
version: 1
agent: { id: line-2 }
http: { port: 8099 }
models: { demo: { path: /opt/retort/current/models/demo } }
cameras: [{ id: two, model: demo, source: { type: demo }, fps: 2 }]
YAML
chown root:retort /etc/retort/line-2.yaml
systemctl enable --now --quiet retort@line-2
runs retort@line-2 || broken "the second agent does not run"
second=$(main_pid retort@line-2)
echo "# mine" >> /etc/retort/retort.yaml
installer --from /src/b.tgz
[ "$(version_of "$(current)")" = 0.9.1 ] || broken "the new version is not the current one"
runs || broken "the new version does not run"
runs retort@line-2 && [ "$second" != "$(main_pid retort@line-2)" ] || broken "the second agent stayed with the old version"
tail -n 1 /etc/retort/retort.yaml | grep -q mine || broken "the configuration was replaced"
[ -e "/opt/retort/$a/bin/retort.cjs" ] || broken "the version of before is gone"
promise "a new version takes over, for each agent of the machine, and leaves the configuration alone"

b=$(current)
for bad in "ends:60" "hangs:15"; do
  name=${bad%:*}
  begun=$(now)
  refuses "0.9.1.* runs again" --from "/src/$name.tgz" --wait "${bad#*:}"
  [ "$(current)" = "$b" ] && runs || broken "the version of before does not run again"
  says 60 'OK  *demo  part' "$begun" || broken "no verdict of the version of before"
  if grep -l "\"$name\"" /opt/retort/*/package.json 2> /dev/null | grep .; then broken "the version that failed was left behind"; fi
  promise "a version that $name is left for the one of before, which gives verdicts again"
done

pid=$(main_pid)
refuses "refuses /etc/retort/retort.yaml" --from /src/strict.tgz
[ "$pid" = "$(main_pid)" ] || broken "the running version was disturbed"
promise "a version that refuses the configuration never stops the one that runs"

installer --back
[ "$(current)" = "$a" ] && runs || broken "--back"
promise "--back starts the version of before"

pid=$(main_pid)
kill -STOP "$pid"
for _ in $(seq 60); do
  sleep 1
  if runs && [ "$(main_pid)" != "$pid" ]; then break; fi
done
runs && [ "$(main_pid)" != "$pid" ] || broken "an agent that hangs was not replaced within a minute"
promise "an agent that hangs is replaced by systemd's watchdog"

installer --uninstall
if systemctl cat retort > /dev/null 2>&1; then broken "the unit is still there"; fi
[ ! -e /opt/retort ] && [ ! -e /usr/local/bin/retort ] || broken "the program is still there"
[ -e /etc/retort/retort.yaml ] && [ -d /var/lib/retort/outbox ] || broken "configuration or data are gone"
promise "--uninstall removes program and service, and keeps configuration and data"

installer --from /src/b.tgz --no-start
systemctl is-active retort > /dev/null && broken "it was started"
tail -n 1 /etc/retort/retort.yaml | grep -q mine || broken "the configuration was replaced"
installer --purge
if [ -e /etc/retort ] || [ -e /var/lib/retort ] || [ -e /opt/retort ] || id retort > /dev/null 2>&1; then broken "something was left"; fi
[ -d /srv/retort ] || broken "models were removed"
installer --purge
promise "--purge removes all but models and pictures, and can be said twice"
echo "all promises kept"
