# Shared by the launcher and the scripts beside this one. Needs $source_dir, the root of the clone.
# shellcheck shell=bash disable=SC2034,SC2154
preset=${MOFI_PRESET:-release}
build_dir=$source_dir/build/$preset
cache_dir=${MOFI_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set, and MOFI_CACHE is not either}/.cache}/mofi}

say() { printf 'mofi: %s\n' "$*" >&2; }

# die CODE TEXT...: one sentence on standard error. 64 usage, 65 data, 69 something is missing, 70 internal.
die() {
  local code=$1
  shift
  say "$@"
  exit "$code"
}

# The folder of LibTorch: the user's own, or the one of setup, named after its pins so that a change of pins is a new folder.
torch_folder() {
  local pins
  if [ -n "${MOFI_TORCH_ROOT:-}" ]; then
    printf '%s\n' "$MOFI_TORCH_ROOT"
  else
    pins=$(cat "$source_dir/.setup/libtorch-cpu.txt" "$source_dir/.setup/libtorch-headers.txt" | sha256sum)
    printf '%s\n' "$cache_dir/libtorch-2.11.0-${pins:0:8}"
  fi
}
