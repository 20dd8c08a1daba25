# How ranks are started on this machine: used by the launcher and, copied, by the start script of a bundle. Both define die.
# shellcheck shell=bash

# Physical cores that this process may use.
core_count() {
  local allowed physical quota period
  allowed=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  physical=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l) || physical=0
  if [ "$physical" -gt 0 ] && [ "$physical" -lt "$allowed" ]; then allowed=$physical; fi
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ] && [ $((quota / period)) -lt "$allowed" ]; then
    allowed=$((quota / period > 0 ? quota / period : 1)) # a container's share
  fi
  printf '%s\n' "$allowed"
}

# True where mpirun or srun started this process.
under_launcher() {
  [ -n "${OMPI_COMM_WORLD_SIZE:-}${PMIX_RANK:-}${PMI_RANK:-}" ]
}

# Open MPI as it has to be on a laptop, in a container and as root alike. What the user set stays.
mpi_environment() {
  export OMPI_MCA_rmaps_base_oversubscribe=${OMPI_MCA_rmaps_base_oversubscribe:-1}
  export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-none} # two jobs must not bind to the same cores
  export OMPI_MCA_mca_base_component_show_load_errors=${OMPI_MCA_mca_base_component_show_load_errors:-0}
  if ! command -v ssh >/dev/null && ! command -v rsh >/dev/null; then
    export OMPI_MCA_plm_rsh_agent=${OMPI_MCA_plm_rsh_agent:-true} # without any remote shell MPI_Init would fail
  fi
  if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

# What a rank runs under: it names the rank that a signal ended, which mpirun --quiet keeps to itself. A text, as other machines of a job
# may not have this file. Of TERM and INT it says nothing: with these mpirun ends the ranks that are left.
# shellcheck disable=SC2016
rank_script='
trap interrupted=1 TERM INT USR2 # the program gets them, too, and decides
case $OMPI_COMM_WORLD_RANK:${MOFI_TERMINAL:-} in # mpirun has a pipe for every rank, on which nothing can be drawn
  "0:$(uname -n):"*) [ ! -w "${MOFI_TERMINAL#*:}" ] || exec 2>"${MOFI_TERMINAL#*:}" ;;
esac
exec 3>&2 2>/dev/null # bash has a word of its own for a process that is killed
"$@" <&0 2>&3 3>&- &
while :; do
  interrupted=
  code=0
  wait "$!" || code=$?
  [ -n "$interrupted" ] || break
done
case $code in
  130 | 143) ;;
  129 | 1[3-9]?)
    name=$(kill -l "$code")
    why=
    [ "$name" != KILL ] || why="; the system does so when memory runs out: fewer ranks or smaller batches need less"
    printf "mofi: rank %s (process %s on %s) was ended by signal %s (%s)%s\n" \
      "$OMPI_COMM_WORLD_RANK" "$!" "$(uname -n)" "$((code - 128))" "$name" "$why" >&3
    ;;
esac
exit "$code"'

# start_ranks N PROGRAM ARGUMENT...: N ranks that share the cores. mpirun would kill them on TERM; USR2 lets them save and stop.
start_ranks() {
  local ranks=$1 cores child code stopping
  shift
  mpi_environment
  cores=$(core_count)
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores > ranks ? cores / ranks : 1))}
  if [ -t 2 ]; then MOFI_TERMINAL=$(uname -n):$(readlink /proc/self/fd/2) && export MOFI_TERMINAL; fi
  # --quiet: the ranks say themselves why they stop; mpirun would add a paragraph to every exit code that is not 0.
  mpirun --quiet -n "$ranks" bash -c "$rank_script" rank "$@" <&0 &
  child=$!
  trap 'stopping=1; kill -USR2 "$child"' TERM
  trap 'stopping=1; [ -t 0 ] || kill -INT "$child"' INT # a terminal tells mpirun by itself
  while :; do
    stopping=
    code=0
    wait "$child" || code=$?
    [ -n "$stopping" ] || break
  done
  case $code in 130 | 143) die "$code" "a rank was ended by signal $((code - 128)) ($(kill -l "$code"))" ;; esac # others it has told itself
  exit "$code"
}

# start_program RANKS PROGRAM ARGUMENT...: in place of this process where one rank will do. RANKS may be "all".
start_program() {
  local ranks=$1
  shift
  if [ "$ranks" = all ]; then
    ranks=${MOFI_RANKS:-${SLURM_NTASKS:-$(core_count)}}
    case " $* " in *' --help '* | *' -h '* | *' --dry-run '*) ranks=1 ;; esac
    if under_launcher || ! command -v mpirun >/dev/null; then ranks=1; fi
  fi
  [[ $ranks =~ ^[1-9][0-9]*$ ]] || die 64 "the number of ranks must be a whole number from 1, not '$ranks'"
  if [ "$ranks" = 1 ]; then exec "$@"; fi
  start_ranks "$ranks" "$@"
}
