# tests/oracle/guest_wip.sh - in the guest: the kernel's wip and swerve's side by side, while little happens: what they
# see is every change of preemption, and swerve's own among them. Leaves kernel.txt, swerve.json and times in /out.
set -eu
rv=/sys/kernel/tracing/rv
trace=/sys/kernel/tracing/instances/oracle

mkdir "$trace"
echo mono >"$trace/trace_clock"
echo 49152 >"$trace/buffer_size_kb"
echo 1 >"$trace/events/rv/event_wip/enable"
echo 1 >"$trace/events/rv/error_wip/enable"
touch /tmp/swerve.err
# Printing makes events that are printed. Into a file that has its pages already it makes fewer.
dd if=/dev/zero of=/tmp/printed bs=1M count=64 2>/dev/null
swerve mon wip -s -t -v --json --no-stack 1<>/tmp/printed 2>/tmp/swerve.err &
swerve=$!
tries=0
until grep -q 'everything is attached' /tmp/swerve.err; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { cat /tmp/swerve.err; exit 1; }
  sleep 0.1
done
echo wip >"$rv/enabled_monitors"
for i in 1 2 3 4 5; do sleep 0.2; done
echo >"$rv/enabled_monitors"
kill -TERM "$swerve"
wait "$swerve"
tr -d '\0' </tmp/printed >/tmp/swerve.json
cat "$trace/trace" >/tmp/kernel.txt
cat "$trace"/per_cpu/cpu*/stats | grep -E '^(overrun|commit overrun|dropped events):' >/tmp/times
cp /tmp/kernel.txt /tmp/swerve.json /tmp/times /out/
