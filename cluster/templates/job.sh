#!/usr/bin/env bash
# A job of a sweep, written by `mofi sweep submit`. To have another, copy cluster/templates/job.sh, edit the copy and name it in the
# cluster profile (`template:`); every place in double braces is filled in.
#SBATCH --job-name={{job_name}}
#SBATCH --chdir={{directory}}
#SBATCH --output={{log}}
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR2@{{signal_lead_s}}
{{resources}}
set -euo pipefail

submission={{submission}}
job=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
say() { printf '%s mofi job %s: %s\n' "$(date -u +%FT%TZ)" "$job" "$*"; }

# USR2 comes before the time is over and before a job of higher priority takes the nodes, TERM when Slurm ends the job. The ranks get
# USR2 for both: they keep a checkpoint and end with 75.
asked=''
step=''
ask() {
  asked=$1
  interrupted=1
  [ -z "$step" ] || kill -USR2 "$step" 2>/dev/null || true
}
trap 'ask USR2' USR2
trap 'ask TERM' TERM

say "begins on $SLURM_JOB_NODELIST, ${SLURM_RESTART_COUNT:-0} times restarted"
(cd "$submission" && sha256sum --quiet --check digests) || {
  say "the programs or the config in $submission are not those that were submitted; submit again"
  exit 65
}
{{setup}}
export OMP_NUM_THREADS={{cpus_per_rank}}
# Barriers over Slurm's tree of nodes let ranks through before all have come (seen with 22.05 and PMIx 4.2), and then MPI_Init dies of
# the first message; over its ring they hold.
export SLURM_PMIX_FENCE=${SLURM_PMIX_FENCE:-ring}
part=({{part}})

code=75
if [ -z "$asked" ]; then
  {{launch}} {{program}} ${part[@]+"${part[@]}"} &
  step=$!
  while :; do # wait returns at every trapped signal, too
    interrupted=''
    code=0
    wait "$step" || code=$?
    [ -n "$interrupted" ] || break
  done
fi
[ "$code" != 140 ] || [ -z "$asked" ] || code=75 # USR2 found the launcher before it was ready for it

if [ "$code" = 0 ]; then
  say "is done"
elif [ "$code" != 75 ]; then
  say "has failed with exit code $code"
elif [ "$asked" = TERM ] && [ "$SECONDS" -lt {{time_limit_s}} ]; then
  say "was ended by Slurm; finished runs and checkpoints are kept" # cancelled, or pre-empted: then Slurm itself queues it again
else
  if [ "$SECONDS" -ge $(({{time_limit_s}} - {{signal_lead_s}} - 60)) ]; then # Slurm may be a minute early
    timeouts=$submission/log/timeouts-$job
    echo "$SECONDS" >>"$timeouts"
    if [ {{most_timeouts}} -gt 0 ] && [ "$(wc -l <"$timeouts")" -gt {{most_timeouts}} ]; then
      say "has come to its time limit $(wc -l <"$timeouts") times and is not queued again (most_timeouts: {{most_timeouts}})"
      exit 1
    fi
  fi
  say "has stopped and is queued again"
  scontrol requeue "$job" || say "scontrol could not queue it again; sites with RequeueExit=75 do so by themselves"
fi
exit "$code"
