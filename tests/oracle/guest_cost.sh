# tests/oracle/guest_cost.sh - in the guest, with COUNT=1: what each watcher adds to a round trip of `load pingpong`.
# Prints "NAME NANOSECONDS", an instruction being 2 ns.
set -u
rv=/sys/kernel/tracing/rv
tracing=/sys/kernel/tracing

trip() { # the middle one of three
  for run in 1 2 3; do load pingpong 20000; done | sort -n | sed -n 2p
}
until_said() { # TEXT FILE
  tries=0
  until grep -q "$1" "$2"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat "$2"; exit 1; }
    sleep 0.1
  done
}
with_swerve() { # NAME OPTIONS...
  name=$1
  shift
  swerve mon wwnr -v "$@" >/tmp/swerve.out 2>/tmp/swerve.err &
  until_said 'everything is attached' /tmp/swerve.err
  sleep 1
  echo "$name $(trip)"
  kill -TERM $!
  wait $! || exit 1
}

echo 0 >/proc/sys/kernel/bpf_stats_enabled
echo "nothing $(trip)"

empty_programs sched_switch sched_wakeup >/tmp/empty.out 2>&1 &
until_said attached /tmp/empty.out
echo "empty $(trip)"
kill $!
wait $! 2>/dev/null

echo wwnr >"$rv/enabled_monitors"
echo "kernel $(trip)"
echo >"$rv/enabled_monitors"

with_swerve swerve
with_swerve every_step -t --json

swerve serve --mount /run/swerve --monitors /here/monitors --enable wwnr 2>/tmp/serve.err &
until_said serving /tmp/serve.err
sleep 1
echo "daemon $(trip)"
kill -TERM $!
wait $! || exit 1

echo 'sched:sched_switch sched:sched_wakeup' | tr ' ' '\n' >"$tracing/set_event"
echo 1 >"$tracing/tracing_on"
echo "ftrace $(trip)"
echo >"$tracing/set_event"

echo "nothing_again $(trip)"
