#!/bin/sh
# Installs Retort as a service on Debian, Ubuntu and JetPack, beside the version that runs, and goes back to that one where the new one
# does not become ready. Can be run again: what is done already is left as it is.
set -eu
# Whatever root's is: the service reads what is laid down here, and nobody else writes it.
umask 022

USAGE="usage: sudo sh install.sh [options]

Installs Retort, or a new version of it beside the one that runs.

  --from PATH    the package (retort-inspection-retort-VERSION.tgz) or a clone;
                 else the package beside this script, else the clone that it lies in
  --node PATH    a Node of 20 or newer; else /usr/bin/node
  --wait SECONDS how long a version has to become ready before the one of
                 before is started again (120)
  --root DIR     into the root file system of another machine (an image, a debootstrap)
  --no-start     installs and enables the service, and does not start it

  --back         starts the version of before again
  --uninstall    removes the program and the service; configuration and data stay
  --purge        the same, and removes /etc/retort, /var/lib/retort and the user too
"

OPT=/opt/retort
ETC=/etc/retort
STATE=/var/lib/retort
UNITS=/etc/systemd/system
WANTED=$UNITS/multi-user.target.wants/retort.service
# While a version has yet to show that it becomes ready: a link to the one that ran before.
TRIAL=$OPT/.trial-after
COMMAND=/usr/local/bin/retort
# The Debian package's.
PACKAGED=/usr/lib/systemd/system/retort.service
OLDEST_NODE=20
# How long a service that says it is ready is watched, seconds: one that ends at once is not ready.
SETTLE=5

action=install
from=""
node=""
wait_s=120
root=""
start=yes
work=""
packed=""
begun=""
inside=""
mounted=""

say() { printf 'install: %s\n' "$*" >&2; }

# What is wrong, then what to do about it.
fail() {
  printf 'install: FAILED: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '         %s\n' "$2" >&2
  exit 1
}

# Half a version must not pass for one.
clean_up() {
  status=$?
  [ -z "$begun" ] || rm -rf "$begun"
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$packed" ] || rm -rf "$packed"
  [ -z "$mounted" ] || umount "$mounted" || :
  [ -z "$inside" ] || rm -rf "$inside"
  exit "$status"
}

usage_error() {
  printf 'install: %s\n\n%s' "$1" "$USAGE" >&2
  exit 2
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --from | --node | --wait | --root)
        [ $# -ge 2 ] || usage_error "$1 needs a value"
        case $1 in
          --from) from=$2 ;;
          --node) node=$2 ;;
          --wait) wait_s=$2 ;;
          --root) root=$2 ;;
        esac
        shift
        ;;
      --no-start) start=no ;;
      --back) action=back ;;
      --uninstall) action=uninstall ;;
      --purge) action=purge ;;
      --help | -h)
        printf '%s' "$USAGE"
        exit 0
        ;;
      *) usage_error "unknown option $1" ;;
    esac
    shift
  done
  case $wait_s in
    "" | *[!0-9]*) usage_error "--wait needs whole seconds, not '$wait_s'" ;;
  esac
}

# Whether systemd runs here; in a chroot or a container it does not.
systemd_runs() { [ -d /run/systemd/system ]; }

# The running services: retort, and those of retort@.
services() {
  systemctl list-units --plain --no-legend --state=active,activating,reloading 'retort.service' 'retort@*.service' | awk '{ print $1 }'
}

check_node() {
  [ -n "$node" ] || node=/usr/bin/node
  remedy="Debian 13 and newer: apt-get install nodejs npm. Elsewhere unpack a Node from https://nodejs.org/en/download into /opt/node and say --node /opt/node/bin/node."
  [ -x "$node" ] || fail "there is no Node at $node." "$remedy"
  version=$("$node" --version 2>&1) || fail "$node does not run: $version" "Is it made for this machine ($(uname -m))? $remedy"
  major=${version#v}
  major=${major%%.*}
  case $major in
    "" | *[!0-9]*) fail "$node is no Node: it says '$version'." "$remedy" ;;
  esac
  [ "$major" -ge "$OLDEST_NODE" ] || fail "Node $version at $node is too old: Retort needs Node $OLDEST_NODE or newer." "$remedy"
  case $node in
    *[!A-Za-z0-9._/+-]*) fail "the path $node has characters that a unit of systemd would read otherwise." "Link or copy that Node to /opt/node, and say --node /opt/node/bin/node." ;;
    /*) ;;
    *) fail "--node needs a path that begins with /, not '$node'." "Say --node $(command -v "$node" || echo /path/to/node)." ;;
  esac
  PATH=$(dirname "$node"):$PATH
  export PATH
  command -v npm > "$work/npm" || fail "there is no npm beside $node." "Debian 13 and newer: apt-get install npm. A Node from nodejs.org brings its own."
}

check_visible() {
  case $(readlink -f "$node") in
    /home/* | /root/* | /tmp/* | /var/tmp/* | /run/user/*)
      fail "the service cannot see $node: home folders and /tmp are hidden from it." "Copy that Node below /opt, for instance /opt/node, and say --node /opt/node/bin/node."
      ;;
  esac
}

# As the clone's owner, who shall be able to build in it afterwards.
pack_clone() {
  say "packing $from"
  packed=$(mktemp -d)
  owner=$(stat -c %U "$from")
  set -- npm pack --pack-destination "$packed"
  if [ "$owner" != root ] && id "$owner" > /dev/null 2>&1; then
    chown "$owner" "$packed"
    set -- setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --init-groups env "HOME=$(getent passwd "$owner" | cut -d : -f 6)" "$@"
  fi
  (cd "$from" && "$@" > "$work/pack.log" 2>&1) || {
    cat "$work/pack.log" >&2
    fail "the clone $from could not be packed." "Its own words are above; node deploy/setup.mjs in the clone shows whether it builds."
  }
  package=$(echo "$packed"/retort-inspection-retort-*.tgz)
}

# Sets $package to a tarball, $version to the version in it.
find_package() {
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
  if [ -z "$from" ]; then
    for each in "$here"/retort-inspection-retort-*.tgz; do
      [ -e "$each" ] || continue
      [ -z "$from" ] || fail "two packages lie beside this script: $from and $each." "Say which with --from."
      from=$each
    done
    [ -n "$from" ] || from=$(dirname "$here")
  fi
  if [ -d "$from" ]; then
    [ -e "$from/bin/retort.cjs" ] || fail "$from is neither a package nor a clone of Retort." "Say where it is with --from."
    pack_clone
  else
    [ -r "$from" ] || fail "there is no package $from." "npm pack in a clone makes one."
    package=$from
  fi
  mkdir -p "$work/look"
  tar -xzf "$package" -C "$work/look" package/package.json package/npm-shrinkwrap.json package/dist/agent/main.cjs 2> "$work/tar.log" ||
    fail "$package is no package of Retort, or only part of one: $(head -n 1 "$work/tar.log")" "Copy it again, or make one with npm pack in a clone."
  version=$("$node" -e 'const { name, version } = require(process.argv[1]); if (name === "@retort-inspection/retort") console.log(version)' "$work/look/package/package.json")
  [ -n "$version" ] || fail "$package is a package of something else than Retort." "npm pack in a clone of Retort makes the right one."
  # Builds of one version are many: a clone's commit tells them apart.
  tar -xzf "$package" -C "$work/look" package/dist/version.json 2> "$work/tar.log" || : > "$work/look/none"
  if [ -e "$work/look/package/dist/version.json" ]; then
    version=$version+$("$node" -p 'require(process.argv[1]).commit' "$work/look/package/dist/version.json")
  fi
  hash=$(sha256sum "$package" | cut -c 1-64)
}

# In another root the same script does the same, seen from inside.
enter_root() {
  [ -d "$root/usr" ] || fail "$root is no root file system: it has no /usr." "Make one with debootstrap, or mount the image first."
  chroot "$root" /bin/sh -c : || fail "programs of $root do not run here." "Are they for this machine's processor ($(uname -m))? qemu-user-static runs those of others."
  inside=$(mktemp -d "$root/var/tmp/retort-install-XXXXXX")
  cp "$0" "$inside/install.sh"
  set -- "--$action" --no-start
  [ "$action" != install ] || {
    shift
    pack_outside "$inside"
  }
  [ -z "$node" ] || set -- "$@" --node "$node"
  [ -e "$root/proc/self" ] || { mount -t proc proc "$root/proc" && mounted=$root/proc; }
  result=0
  # A folder for what is temporary out here need not be in there.
  chroot "$root" env -u TMPDIR /bin/sh "${inside#"$root"}/install.sh" "$@" || result=$?
  exit "$result"
}

# A clone is packed by the Node out here, before the root is entered.
pack_outside() {
  inner=$node
  node=$(command -v node || echo /usr/bin/node)
  check_node
  find_package
  cp "$package" "$1/retort-inspection-retort-${version%%+*}.tgz"
  node=$inner
}

make_user() {
  # udev's, which a container has not.
  for group in video render; do
    getent group "$group" > /dev/null || groupadd --system "$group"
  done
  id retort > /dev/null 2>&1 || {
    say "making the user retort"
    useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin retort ||
      fail "the user retort could not be made." "Make it by hand (useradd --system retort), then run this again."
  }
  # The unit puts the service into both. As a member, sudo -u retort retort doctor sees the cameras and the GPU that the service sees.
  usermod --append --groups video,render retort
  install -d -o root -g retort -m 750 "$ETC" /srv/retort /srv/retort/models
  install -d -o retort -g retort -m 700 "$STATE"
}

# Sets $target. The folder of a version that is there already, from the same package, is left as it is.
unpack() {
  target=$OPT/$version
  if [ -e "$target" ] && [ "$(sed -n 's/^package=//p' "$target/.installed" 2> /dev/null)" != "$hash" ]; then
    # Another build of the same name; the one that runs stays whole.
    if [ -e "$target/.installed" ]; then target=$target.$(echo "$hash" | cut -c 1-8); else rm -rf "$target"; fi
  fi
  if [ -e "$target/.installed" ]; then
    say "$target is there already"
    note_installed
    return
  fi
  say "unpacking into $target"
  rm -rf "$target"
  begun=$target
  mkdir -p "$target"
  : > "$target/.begun"
  tar -xzf "$package" -C "$target" --strip-components=1 --no-same-owner || fail "$package could not be unpacked; the line above says why." "Nothing has changed: what ran before still runs."
  chmod -R u=rwX,go=rX "$target"
  lend_modules
  # The folder's own npm, system packages first: each step says what it does, and what to do where it fails.
  "$node" "$target/deploy/setup.mjs" || fail "$version could not be set up; the lines above say why." "Nothing has changed: what ran before still runs. Run this again when it is mended."
  "$node" "$target/bin/retort.cjs" --version > "$work/version" 2>&1 || {
    cat "$work/version" >&2
    fail "$version does not start with $node." "Nothing has changed: what ran before still runs."
  }
  # Whole on the disk before it says so, where the power may go.
  sync -f "$target"
  note_installed
  begun=""
}

# In one step: half of it would be a version that nobody can go back to.
note_installed() {
  printf 'package=%s\nnode=%s\n' "$hash" "$node" > "$target/.installed.new"
  mv "$target/.installed.new" "$target/.installed"
}

# What the version of before has of npm's packages does for this one where both name the same: no network, no compiler.
lend_modules() {
  [ -d "$before/node_modules" ] || return 0
  # shellcheck disable=SC2016 # JavaScript
  "$node" -e '
    const [mine, theirs] = process.argv.slice(1).map((folder) => {
      const { packages } = require(`${folder}/npm-shrinkwrap.json`);
      delete packages[""];
      return JSON.stringify(packages);
    });
    process.exitCode = mine === theirs ? 0 : 1;' "$target" "$before" || return 0
  say "taking npm's packages from $(basename "$before")"
  cp -a --reflink=auto "$before/node_modules" "$target/node_modules"
}

lay_configuration() {
  [ ! -e "$ETC/retort.yaml" ] || return 0
  say "laying an example configuration down: $ETC/retort.yaml, the demo line"
  sed -e "s|\.\./models/demo|$OPT/current/models/demo|" \
    -e "1s|.*|# The demo line, until your own configuration stands here; every setting: $OPT/current/config/example.yaml\n# sudo -u retort retort check --config $ETC/retort.yaml tells whether it is right.|" \
    "$target/config/default.yaml" > "$ETC/.retort.yaml.new"
  chown root:retort "$ETC/.retort.yaml.new"
  chmod 640 "$ETC/.retort.yaml.new"
  # In one step: a half one would be taken for yours.
  mv "$ETC/.retort.yaml.new" "$ETC/retort.yaml"
}

# The new version reads the configuration before the old one is stopped.
check_configuration() {
  set -- "$target/bin/retort.cjs" check --config "$ETC/retort.yaml"
  [ ! -e "$ETC/env" ] || set -- "--env-file=$ETC/env" "$@"
  set -- "$node" "$@"
  # A file of variables that names another state outweighs the unit.
  grep -qs '^RETORT_STATE_PATH=' "$ETC/env" || set -- RETORT_STATE_PATH="$STATE" "$@"
  set -- setpriv --reuid=retort --regid=retort --init-groups env -i PATH="$PATH" "$@"
  "$@" > "$work/check" 2>&1 || {
    cat "$work/check" >&2
    fail "$version refuses $ETC/retort.yaml; its words are above." "Nothing has changed: what ran before still runs. Mend the configuration, then run this again."
  }
}

# $1: the version's folder. Its units, its link, its command: all written before the first is replaced, so that a full disk leaves all as it is.
switch_to() {
  with=$(sed -n 's/^node=//p' "$1/.installed")
  [ -n "$with" ] || fail "$1/.installed does not say which Node that version has." "Install it again with --from."
  mkdir -p "$UNITS" "$(dirname "$COMMAND")"
  for unit in retort.service retort@.service; do
    sed -e "s|^ExecStart=/usr/bin/node |ExecStart=$with |" "$1/deploy/$unit" > "$UNITS/$unit.new"
  done
  # A version from before it was a file of its own is content with that of another.
  if [ -e "$1/deploy/retort.sh" ]; then
    sed -e "s|exec /usr/bin/node |exec $with |" "$1/deploy/retort.sh" > "$COMMAND.new"
    chmod 755 "$COMMAND.new"
  fi
  ln -sfn "$(basename "$1")" "$OPT/current.new"
  mv "$UNITS/retort.service.new" "$UNITS/retort.service"
  mv "$UNITS/retort@.service.new" "$UNITS/retort@.service"
  mv -T "$OPT/current.new" "$OPT/current"
  [ ! -e "$COMMAND.new" ] || mv "$COMMAND.new" "$COMMAND"
  if systemd_runs; then systemctl daemon-reload; fi
}

# Starts what ran, and retort itself unless somebody has disabled it; false where one does not become ready in time.
start_services() {
  for service in $running; do
    say "starting $service; it has $wait_s s to become ready"
    # A service that had failed too often is started all the same.
    systemctl reset-failed "$service" 2> /dev/null || :
    timeout "$wait_s" systemctl restart "$service" || return 1
    main=$(systemctl show --property=MainPID --value "$service")
    sleep $SETTLE
    [ "$(systemctl is-active "$service")" = active ] || return 1
    [ "$(systemctl show --property=MainPID --value "$service")" = "$main" ] || return 1
  done
}

# $1: the folder of the version that ran before.
go_back() {
  journal_hint="journalctl -u retort --since=-${wait_s}s tells why."
  if [ ! -e "$1/.installed" ] || [ "$1" = "$target" ]; then
    fail "$version did not become ready within $wait_s s, and there is no version of before to go back to." "$journal_hint Then: systemctl restart retort"
  fi
  say "$version did not become ready within $wait_s s: going back to $(basename "$1")"
  switch_to "$1"
  start_services || fail "neither $version nor $(basename "$1") becomes ready." "$journal_hint"
  rm -rf "$target" "$TRIAL"
  fail "$version did not become ready; $(basename "$1") runs again." "$journal_hint"
}

# $1: the folder of the version that ran before.
remember() {
  if [ -n "$1" ] && [ "$1" != "$target" ]; then
    ln -sfn "$(basename "$1")" "$OPT/previous"
    # What neither runs nor can be gone back to is only in the way. What others put there stays.
    for each in "$OPT"/*/; do
      each=${each%/}
      case $each in
        "$OPT/current" | "$OPT/previous" | "$target" | "$1") ;;
        *) if [ -e "$each/.begun" ] || [ -e "$each/.installed" ]; then rm -rf "$each"; fi ;;
      esac
    done
  fi
  rm -f "$TRIAL"
}

# Always below $OPT, which may be a link itself.
folder_of() { if version_at=$(readlink -e "$OPT/$1"); then echo "$OPT/$(basename "$version_at")"; fi; }

# As systemctl enable does, which an image may lack. Only where there is no unit yet: what somebody has disabled stays disabled.
enable_service() {
  [ ! -e "$UNITS/retort.service" ] || return 0
  mkdir -p "$(dirname "$WANTED")"
  ln -sfn "$UNITS/retort.service" "$WANTED"
}

# Sets $running.
find_running() { running=$({ [ ! -L "$WANTED" ] || echo retort.service; services; } | sort -u); }

# One at a time. /opt and not a file below: what is removed cannot be locked.
take_lock() {
  mkdir -p "$(dirname "$OPT")"
  exec 9< "$(dirname "$OPT")"
  flock -n 9 || fail "another install.sh is at work." "Wait for it to end."
}

refuse_package() { [ ! -e "$PACKAGED" ] || fail "the Debian package retort is installed." "$1"; }

install_version() {
  refuse_package "Upgrade it with apt-get, or remove it first: apt-get remove retort"
  check_node
  check_visible
  find_package
  take_lock
  mkdir -p "$OPT"
  # Cut off on its trial, the current version has not shown yet that it is one to go back to.
  before=$(folder_of "$(basename "$TRIAL")")
  [ -n "$before" ] || before=$(folder_of current)
  make_user
  unpack
  # The example configuration names what lies below current.
  [ -e "$OPT/current" ] || ln -sfn "$(basename "$target")" "$OPT/current"
  lay_configuration
  check_configuration
  enable_service
  [ -z "$before" ] || ln -sfn "$(basename "$before")" "$TRIAL"
  switch_to "$target"
  if [ $start = no ] || ! systemd_runs; then
    remember "$before"
    say "$version is installed, and not started: $(systemd_runs && echo 'systemctl start retort' || echo 'it starts with the machine')"
    return 0
  fi
  find_running
  start_services || go_back "$before"
  remember "$before"
  [ -n "$running" ] || say "retort.service is disabled and stays so: systemctl enable --now retort"
  say "$version is the current one. Its log: journalctl -u retort -f   Its configuration: $ETC/retort.yaml"
}

back() {
  refuse_package "The version of before is the package of before: apt-get install ./retort_VERSION_ARCHITECTURE.deb"
  take_lock
  before=$(folder_of current)
  target=$(folder_of "$(basename "$TRIAL")")
  if [ -z "$target" ] || [ "$target" = "$before" ]; then target=$(folder_of previous); fi
  if [ ! -e "$target/.installed" ] || [ "$target" = "$before" ]; then fail "there is no version of before." "Install one with --from."; fi
  version=$(basename "$target")
  switch_to "$target"
  ln -sfn "$(basename "$before")" "$OPT/previous"
  rm -f "$TRIAL"
  systemd_runs || {
    say "$version is the current one, and not started."
    return 0
  }
  find_running
  start_services || fail "$version does not become ready." "journalctl -u retort tells why; --back goes to $(basename "$before") again."
  say "$version is the current one."
}

uninstall() {
  refuse_package "Remove it with apt-get: apt-get remove retort, or purge retort, which removes configuration and data, too."
  take_lock
  if systemd_runs; then
    # shellcheck disable=SC2046 # a list of units
    systemctl stop $(services) retort.service 2> /dev/null || :
  fi
  rm -f "$WANTED" "$UNITS"/multi-user.target.wants/retort@*.service
  rm -f "$UNITS/retort.service" "$UNITS/retort@.service" "$COMMAND"
  rm -rf "$OPT"
  if systemd_runs; then systemctl daemon-reload; fi
  if [ "$action" = purge ]; then
    rm -rf "$ETC" "$STATE" "$STATE"-*
    if id retort > /dev/null 2>&1; then userdel retort; fi
    say "removed, with configuration and data; /srv/retort is left as it is."
  else
    say "removed; $ETC, $STATE and /srv/retort are left as they are (--purge removes the first two)."
  fi
}

read_options "$@"
[ "$(id -u)" = 0 ] || fail "only root may install." "sudo sh $0 ..."
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
work=$(mktemp -d)
[ -z "$root" ] || [ "$root" = / ] || enter_root
case $action in
  install) install_version ;;
  back) back ;;
  *) uninstall ;;
esac
