# The data archives, for tests and benchmarks. Needs common.sh.
# shellcheck shell=bash disable=SC2154

# unpack ARCHIVE: into $MOFI_DATA_UNPACKED, which is named after the archives' contents, so what is there is never out of date.
unpack() {
  local name partial
  name=$(basename "$1" .tar.xz)
  [ ! -e "$MOFI_DATA_UNPACKED/$name" ] || return 0
  partial=$(mktemp -d "$MOFI_DATA_UNPACKED/.partial-XXXXXX")
  tar -xJf "$1" --no-same-owner -C "$partial" || die 65 "$1: cannot be unpacked; tar's message is above"
  # Another test run may have been quicker: a folder that is there is whole.
  mv -T "$partial/$name" "$MOFI_DATA_UNPACKED/$name" 2>/dev/null || [ -d "$MOFI_DATA_UNPACKED/$name" ] ||
    die 65 "$1: expected one folder $name in it"
  rm -rf "$partial"
}

# Unpacks the archives of MOFI_DATA (default ../shared/data) once into the cache, and exports the folder as MOFI_DATA_UNPACKED.
unpack_data() {
  local data_dir archives=() name contents archive
  data_dir=${MOFI_DATA:-$source_dir/../shared/data}
  for name in emopia vgmidi keymode midi-torture pretrain; do
    [ ! -e "$data_dir/$name.tar.xz" ] || archives+=("$data_dir/$name.tar.xz")
  done
  if [ ${#archives[@]} = 0 ]; then
    say "no data archives in $data_dir (MOFI_DATA): what needs them is skipped"
    return 0
  fi
  contents=$(sha256sum "${archives[@]}" | cut -d ' ' -f 1 | sha256sum)
  export MOFI_DATA_UNPACKED=$cache_dir/data-${contents:0:8}
  mkdir -p "$MOFI_DATA_UNPACKED"
  for archive in "${archives[@]}"; do unpack "$archive"; done
}
