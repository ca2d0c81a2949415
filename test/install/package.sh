# What the Debian package does on a machine: run as root in a Debian that was booted with systemd. /src has the packages.
# shellcheck shell=sh disable=SC2015 # broken ends the script

# shellcheck source-path=SCRIPTDIR source=common.sh
. /src/common.sh

put() { apt-get install -q -y --no-install-recommends "$@" > /tmp/apt.log 2>&1 || { cat /tmp/apt.log; return 1; }; }

apt-get update -q > /dev/null
mkdir -p /opt/retort
touch /etc/systemd/system/retort.service
if put /src/retort_first.deb > /dev/null; then broken "it was installed over install.sh's"; fi
grep -q "install.sh --uninstall" /tmp/apt.log || broken "it does not say what to do"
rm -r /opt/retort /etc/systemd/system/retort.service
promise "beside a program that install.sh laid down it is refused, with what to do"

begun=$(now)
put /src/retort_first.deb || broken "it cannot be installed"
runs || broken "the service does not run"
[ "$(systemctl is-enabled retort)" = enabled ] || broken "the service is not enabled"
says 60 'OK  *demo  part' "$begun" || broken "no verdict within a minute"
journalctl --no-pager -u retort | grep -m 1 'OK  *demo  part'
promise "one command gives a bare machine a service that gives verdicts"
[ "$(stat -c '%U:%G %a' /etc/retort/retort.yaml)" = "root:retort 640" ] || broken "the configuration's rights"
[ "$(stat -c '%U:%G %a' /var/lib/retort)" = "retort:retort 700" ] || broken "the state's rights"
[ "$(ps -o user= -p "$(main_pid)")" = retort ] || broken "the service runs as somebody else"
retort --version > /dev/null || broken "the command retort"
command_has_state /var/lib/retort
[ "$(id -Gn retort)" = "retort video render" ] || broken "the user's groups are $(id -Gn retort)"
systemd-analyze security --threshold=20 retort > /dev/null || broken "exposed more than 2.0"
[ -z "$(find /usr/lib/retort ! -user root -o ! -group root)" ] || broken "files of somebody else than root"
echo RETORT_STATE_PATH=/var/lib/of-the-file > /etc/retort/env
command_has_state /var/lib/of-the-file
rm /etc/retort/env
mkdir /etc/systemd/system/retort.service.d
printf '[Service]\nEnvironment=RETORT_STATE_PATH=/var/lib/of-the-drop-in\n' > /etc/systemd/system/retort.service.d/state.conf
systemctl daemon-reload
command_has_state /var/lib/of-the-drop-in
rm -r /etc/systemd/system/retort.service.d
systemctl daemon-reload
command_has_state /var/lib/retort
promise "the command, as the service's user, has the service's state, also where a file of variables or a drop-in moves it"

promise "it runs as its own user, exposed 2.0 at most, from files of root"

cat > /etc/retort/line-2.yaml << 'YAML'
version: 1
agent: { id: line-2 }
http: { port: 8099 }
models: { demo: { path: /usr/lib/retort/models/demo } }
cameras: [{ id: two, model: demo, source: { type: gstreamer, launch: videotestsrc is-live=true }, fps: 2 }]
YAML
chown root:retort /etc/retort/line-2.yaml
begun=$(now)
systemctl enable --now --quiet retort@line-2
runs retort@line-2 || broken "the second agent does not run"
second=$(main_pid retort@line-2)
for _ in $(seq 60); do
  if node -e '
    fetch("http://127.0.0.1:8099/api/cameras").then(async (answer) => {
      const text = await answer.text();
      process.exitCode = /"scored":[1-9]/.test(text) ? 0 : 1;
    }, () => { process.exitCode = 1; })'; then scored=yes; break; fi
  sleep 1
done
[ "${scored:-no}" = yes ] || broken "no frame of GStreamer was scored: $(journalctl --no-pager -u retort@line-2 | tail -n 20)"
promise "its binding to GStreamer, built elsewhere, delivers frames that are scored"

echo "# mine" >> /etc/retort/retort.yaml
pid=$(main_pid)
begun=$(now)
put /src/retort_next.deb || broken "it cannot be upgraded"
runs && [ "$pid" != "$(main_pid)" ] || broken "the new version does not run"
runs retort@line-2 && [ "$second" != "$(main_pid retort@line-2)" ] || broken "the second agent stayed with the old version"
tail -n 1 /etc/retort/retort.yaml | grep -q mine || broken "the configuration was replaced"
says 60 'OK  *demo  part' "$begun" || broken "no verdict of the new version"
promise "an upgrade starts the new version for each agent, and leaves the configuration alone"

systemctl disable --now --quiet retort@line-2
apt-get remove -q -y retort > /dev/null
if systemctl is-active --quiet retort; then broken "the service still runs"; fi
[ ! -e /usr/lib/retort ] || broken "the program is still there: $(find /usr/lib/retort | head)"
[ -e /etc/retort/retort.yaml ] && [ -d /var/lib/retort/outbox ] || broken "configuration or data are gone"
put /src/retort_next.deb || broken "it cannot be installed again"
runs && tail -n 1 /etc/retort/retort.yaml | grep -q mine || broken "after a second installation"
promise "removing keeps configuration and data, for the next installation"

rm /etc/retort/line-2.yaml
apt-get purge -q -y retort > /dev/null
[ ! -e /var/lib/retort ] && [ ! -e /etc/retort ] && [ ! -e /usr/lib/retort ] || broken "something was left"
if systemctl cat retort > /dev/null 2>&1; then broken "the unit is still there"; fi
promise "purging leaves nothing but the user"
echo "all promises kept"
