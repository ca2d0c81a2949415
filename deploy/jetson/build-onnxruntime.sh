#!/usr/bin/env bash
# Builds ONNX Runtime with CUDA, TensorRT and its binding for Node on a Jetson with JetPack 6 or 7, patched so that the binding hands a
# provider's options on, and installs it to a folder of its own. docs/jetson.md says how long that takes and what it needs.
set -euo pipefail
# Whatever root's is: the service reads what is installed here, and nobody else writes it.
umask 022

here=$(CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$here/versions"

usage() {
  cat <<TEXT
usage: deploy/jetson/build-onnxruntime.sh [options]

  --check          says what this machine lacks for the build, and ends: 0 nothing, 1 something
  --print          says what would be run, and ends
  --prefix DIR     where the build is installed (/opt/retort-onnxruntime-$ORT_VERSION)
  --work DIR       where it is built; 25 GB (/var/tmp/retort-onnxruntime)
  --source FILE    ONNX Runtime's archive v$ORT_VERSION.tar.gz, where this machine cannot download it
  --retort DIR     Retort's folder, whose node_modules has the binding's JavaScript ($(dirname "$(dirname "$here")"))
  --jobs N         compilers at once (one for each 3 GB of memory and swap, at most the cores)
  --root DIR       where /etc, /proc and /usr are looked at, for tests
TEXT
}

refuse() {
  printf 'build-onnxruntime: %s\n' "$1" >&2
  exit "${2:-1}"
}

mode=build prefix=/opt/retort-onnxruntime-$ORT_VERSION work=/var/tmp/retort-onnxruntime
source_archive='' retort=$(dirname "$(dirname "$here")") jobs='' root=''
while [ $# -gt 0 ]; do
  case $1 in
    --check) mode=check ;;
    --print) mode=print ;;
    --help) usage; exit 0 ;;
    --prefix | --work | --source | --retort | --jobs | --root)
      [ $# -ge 2 ] || refuse "$1 needs a value" 2
      case $1 in
        --prefix) prefix=$2 ;;
        --work) work=$2 ;;
        --source) source_archive=$2 ;;
        --retort) retort=$2 ;;
        --jobs) jobs=$2 ;;
        --root) root=$2 ;;
      esac
      shift ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[ -z "$jobs" ] || [[ $jobs =~ ^[1-9][0-9]*$ ]] || refuse "--jobs needs a number of at least 1" 2
[[ $prefix == /* && $work == /* ]] || refuse "--prefix and --work need paths that begin with /" 2
prefix=$(realpath --canonicalize-missing "$prefix") work=$(realpath --canonicalize-missing "$work")
binaries=bin/napi-v6/linux/arm64
# The folder is replaced as a whole: what is there must be an earlier build.
for folder in "$prefix" "$prefix.new"; do
  if [ -e "$folder" ] && [ ! -d "$folder/$binaries" ] && [ -n "$(ls -A "$folder")" ]; then
    refuse "$folder is no earlier build: all in it would be removed. Name a folder that there is not yet with --prefix, such as $prefix/retort-onnxruntime" 2
  fi
done
[[ ${ORT_SHA256:-} =~ ^[0-9a-f]{64}$ ]] || refuse "deploy/jetson/versions has no hash of v$ORT_VERSION.tar.gz: it says how to record one"

# --- the machine ---------------------------------------------------------------------------------------------------------------------------

# Jetson Linux's major release: 36 is JetPack 6, 38 and 39 are JetPack 7. Empty: no Jetson.
release=$(sed -nE '1s/^# R([0-9]+) \(release\).*/\1/p' "$root/etc/nv_tegra_release" 2>/dev/null || true)
case $release in
  36) jetpack=6 ;;
  38 | 39) jetpack=7 ;;
  *) jetpack='' ;;
esac
# The compute capability that kernels are compiled for: Orin 8.7, Thor 11.0.
case $(tr '\0' ' ' 2>/dev/null <"$root/proc/device-tree/compatible" || true) in
  *nvidia,tegra234*) architecture=87 ;;
  *nvidia,tegra264*) architecture=110 ;;
  *) architecture='' ;;
esac
libraries=/usr/lib/aarch64-linux-gnu

missing=0
# $1 whether it is there, $2 what, $3 the remedy
tell() {
  if [ "$1" = yes ]; then
    printf 'ok       %s\n' "$2"
  else
    printf 'missing  %s: %s\n' "$2" "$3"
    missing=$((missing + 1))
  fi
}
there() { [ -e "$root$1" ] && echo yes || echo no; }
command_there() { command -v "$1" >/dev/null 2>&1 && echo yes || echo no; }
# $1 the least version, $2 the version at hand
at_least() { [ -n "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ] && echo yes || echo no; }
version_of() { "$@" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true; }
free_gb() {
  local folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1048576) }'
}
memory_gb() { awk '/^(MemTotal|SwapTotal):/ { sum += $2 } END { print int(sum / 1048576 + 0.5) }' "$root/proc/meminfo"; }

check() {
  tell "$([ -n "$jetpack" ] && echo yes || echo no)" "JetPack ${jetpack:-6 or 7}" "/etc/nv_tegra_release names ${release:+R}${release:-no Jetson Linux}; 36 is JetPack 6, 38 and 39 are JetPack 7"
  tell "$([ -n "$architecture" ] && echo yes || echo no)" "an Orin or a Thor${architecture:+ (CUDA architecture $architecture)}" "the device tree names neither tegra234 nor tegra264"
  tell "$(there /usr/local/cuda/bin/nvcc)" "CUDA's compiler" "apt-get install nvidia-jetpack"
  tell "$(there /usr/include/aarch64-linux-gnu/cudnn_version.h)" "cuDNN's headers" "apt-get install nvidia-jetpack"
  tell "$(there /usr/include/aarch64-linux-gnu/NvInfer.h)" "TensorRT's headers" "apt-get install nvidia-jetpack"
  tell "$(there /usr/include/aarch64-linux-gnu/NvOnnxParser.h)" "TensorRT's reader of ONNX" "apt-get install nvidia-jetpack"
  local tool
  for tool in g++ make patch curl tar sha256sum npm; do tell "$(command_there "$tool")" "$tool" "apt-get install build-essential patch curl tar coreutils npm"; done
  tell "$(at_least "$CMAKE_LEAST" "$(version_of cmake)")" "cmake $CMAKE_LEAST" "apt-get install python3-venv && python3 -m venv ~/cmake && ~/cmake/bin/pip install cmake, then export PATH=~/cmake/bin:\$PATH, which sudo hands on as in sudo env \"PATH=\$PATH\""
  tell "$(at_least "$PYTHON_LEAST" "$(version_of python3)")" "python3 $PYTHON_LEAST" "apt-get install python3"
  tell "$(at_least "$NODE_LEAST" "$(version_of node)")" "node $NODE_LEAST" "Retort needs it, too: see README.md"
  tell "$([ -e "$retort/node_modules/onnxruntime-node/dist/index.js" ] && echo yes || echo no)" "Retort's npm packages below $retort" "npm ci there, or name the folder with --retort"
  tell "$([ "$(free_gb "$work")" -ge 25 ] && echo yes || echo no)" "25 GB for $work" "free some, or name another disk with --work"
  tell "$([ "$(memory_gb)" -ge 8 ] && echo yes || echo no)" "8 GB of memory and swap" "add swap on an NVMe disk: fallocate -l 8G /swap && chmod 600 /swap && mkswap /swap && swapon /swap"
}

if [ "$mode" = check ]; then
  check
  [ "$missing" -eq 0 ] || exit 1
  exit 0
fi
[ -n "$jetpack" ] || refuse "this is no Jetson with JetPack 6 or 7 (/etc/nv_tegra_release); --check says what else is missing"
[ -n "$architecture" ] || refuse "this is neither an Orin nor a Thor (/proc/device-tree/compatible)"
if [ "$mode" = build ]; then
  report=$(check | grep '^missing' || true)
  [ -z "$report" ] || refuse "$report"
fi
if [ -z "$jobs" ]; then
  jobs=$(($(memory_gb) / 3))
  [ "$jobs" -le "$(nproc)" ] || jobs=$(nproc)
  [ "$jobs" -ge 1 ] || jobs=1
fi

# --- the build -----------------------------------------------------------------------------------------------------------------------------

# Runs a command, or says it as a shell would read it.
run() {
  if [ "$mode" = print ]; then
    printf '%q ' "$@"
    printf '\n'
  else
    "$@"
  fi
}

archive=${source_archive:-$work/v$ORT_VERSION.tar.gz}
tree=$work/onnxruntime-$ORT_VERSION
run mkdir -p -m 755 "$work"
# What others may write would be built, and run, with this user's rights.
if [ "$mode" = build ] && { [ ! -O "$work" ] || [ -n "$(find "$work/" -maxdepth 0 -perm /022)" ]; }; then
  refuse "$work is another user's, or others may write in it: they could change what is built. Remove it, or name another folder with --work"
fi
if [ -z "$source_archive" ] && { [ "$mode" = print ] || [ ! -e "$archive" ]; }; then
  run curl --fail --location --output "$archive.part" "https://github.com/microsoft/onnxruntime/archive/refs/tags/v$ORT_VERSION.tar.gz"
  run mv "$archive.part" "$archive"
fi
if [ "$mode" = print ]; then
  printf 'sha256sum %q   # must be %s\n' "$archive" "$ORT_SHA256"
else
  hash=$(sha256sum "$archive" | cut -d ' ' -f 1)
  [ "$hash" = "$ORT_SHA256" ] || refuse "$archive is not what deploy/jetson/versions names: its SHA-256 is $hash, not $ORT_SHA256. Nothing of it was run. A download is repeated when it is removed."
fi
# Anew each time: a tree that is patched already cannot be patched again. What was compiled stays in its own folder.
run rm -rf "$tree"
run tar -xzf "$archive" -C "$work"
run patch --directory "$tree" --strip 1 --forward --input "$here/provider-options.patch"
# npm's packages of the binding would fetch NVIDIA's libraries for x86-64.
run env ONNXRUNTIME_NODE_INSTALL=skip "$tree/build.sh" \
  --config Release --update --build --parallel "$jobs" --nvcc_threads 1 --build_dir "$work/build" \
  --skip_tests --skip_submodule_sync --compile_no_warning_as_error --allow_running_as_root \
  --build_shared_lib --build_nodejs \
  --use_cuda --cuda_home /usr/local/cuda --cudnn_home "$libraries" \
  --use_tensorrt --tensorrt_home "$libraries" \
  --cmake_extra_defines "CMAKE_CUDA_ARCHITECTURES=$architecture" onnxruntime_BUILD_UNIT_TESTS=OFF

# The JavaScript is that of npm's package of the same version, which Retort is tested with; the libraries are those that were built.
run rm -rf "$prefix.new"
run mkdir -p "$prefix.new/$binaries" "$prefix.new/node_modules"
run cp -R "$retort/node_modules/onnxruntime-node/package.json" "$retort/node_modules/onnxruntime-node/dist" "$prefix.new/"
run cp -R "$retort/node_modules/onnxruntime-common" "$prefix.new/node_modules/"
run cp "$tree/js/node/$binaries/onnxruntime_binding.node" "$work/build/Release/libonnxruntime.so.1" \
  "$work/build/Release/libonnxruntime_providers_shared.so" "$work/build/Release/libonnxruntime_providers_cuda.so" \
  "$work/build/Release/libonnxruntime_providers_tensorrt.so" "$prefix.new/$binaries/"
run cp "$tree/LICENSE" "$tree/ThirdPartyNotices.txt" "$prefix.new/"
# Before it takes the place of an earlier one: it loads, and hands on what Retort needs.
run node "$here/try-binding.cjs" "$prefix.new" "$ORT_VERSION"
run rm -rf "$prefix"
run mv "$prefix.new" "$prefix"
[ "$mode" = print ] || printf 'installed: start Retort with RETORT_ORT_BINDING=%s\n' "$prefix"
