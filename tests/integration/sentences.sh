# What integration tests are written with: one function a sentence, whose name says it; `prove` runs them in turn,
# and the first that does not hold ends the test with what was seen instead.
# shellcheck shell=bash

trap 'printf "not ok - line %s ended with %s: %s\n" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR

# enter_work_folder: an empty one, which is removed at the end, with Open MPI as it has to be here.
enter_work_folder() {
  ranks_sh=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../../.setup/ranks.sh")
  # shellcheck disable=SC1090
  . "$ranks_sh"
  mpi_environment
  export OMP_NUM_THREADS=1 NO_COLOR=1
  unset "${!MOFI_@}"
  work=$(mktemp -d)
  started='' # the process in the background, if any
  trap clean_up EXIT
  cd "$work"
}
clean_up() {
  [ -z "$started" ] || kill -KILL "$started" 2>/dev/null || true
  rm -rf "$work"
}

die() {
  printf 'not ok - %s\n' "$1" >&2
  if [ -s out ]; then printf -- '--- standard output\n%s\n' "$(tail -n 40 out)" >&2; fi
  if [ -s err ]; then printf -- '--- standard error\n%s\n' "$(tail -n 40 err)" >&2; fi
  exit 1
}

# ends_with CODE COMMAND...: runs it, with its outputs in the files out and err.
ends_with() {
  local expected=$1 code=0
  shift
  "$@" >out 2>err </dev/null || code=$?
  [ "$code" = "$expected" ] || die "exit code $code in place of $expected: $*"
}

ranks() { mpirun --quiet -n "$@"; }
says() { grep -qE -- "$1" "$2" || die "$2 does not say: $1"; }
same() { diff "$1" "$2" >difference 2>&1 || die "$1 and $2 differ:"$'\n'"$(head -n 20 difference)"; }
absent() { [ ! -e "$1" ] || die "$1 was written"; }
# one_sentence: standard error has exactly one line besides progress and information.
one_sentence() {
  local lines
  lines=$(grep -cvE '^(info: |(tokenize|mode|tokens, modes|sweep|train|pretrain)  )' err || true)
  [ "$lines" = 1 ] || die "$lines lines in place of one sentence"
  says '^error: .{15,}' err
}

# refuses CODE WORDS COMMAND...: that exit code, one sentence with these words, nothing on standard output, no folder out_here.
refuses() {
  local code=$1 words=$2
  shift 2
  ends_with "$code" "$@"
  one_sentence
  says "$words" err
  [ ! -s out ] || die "something is on standard output: $*"
  absent out_here
}

# in_background COMMAND...: starts it; its process is $started.
in_background() {
  "$@" >out 2>err </dev/null &
  started=$!
}

# A temporary file as a writer leaves it that was killed in the middle.
leave_half_written() {
  true &
  local dead=$!
  wait "$dead"
  printf 'half' >"$(dirname "$1")/.$(basename "$1").writing-$(uname -n)-$dead-0"
}

no_half_written_file() {
  local left
  left=$(find "$1" -name '*.writing-*')
  [ -z "$left" ] || die "half-written files are left: $left"
}

# prove SENTENCE...: each in its turn, told when it holds.
prove() {
  local sentence began
  for sentence in "$@"; do
    began=$SECONDS
    "$sentence"
    printf 'ok - %s (%d s)\n' "${sentence//_/ }" $((SECONDS - began))
  done
}
