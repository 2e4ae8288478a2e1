# tests/oracle/guest_compare.sh - in the guest: the kernel's wwnr and swerve's side by side on one load.
# Reads /here/settings: first=kernel|swerve (who begins), seconds=, seed=. Leaves kernel.txt, swerve.json and times in /out.
set -eu
. /here/settings
rv=/sys/kernel/tracing/rv
trace=/sys/kernel/tracing/instances/oracle

mkdir "$trace"
echo mono >"$trace/trace_clock"
echo 49152 >"$trace/buffer_size_kb"
echo 1 >"$trace/events/rv/event_wwnr/enable"
echo 1 >"$trace/events/rv/error_wwnr/enable"
echo 500 >/proc/sys/kernel/pid_max # so that numbers are used again

kernel_on() { echo wwnr >"$rv/enabled_monitors"; }
kernel_off() { echo >"$rv/enabled_monitors"; }
swerve_on() {
  swerve mon wwnr -s -t -v --json --no-stack >/tmp/swerve.json 2>/tmp/swerve.err &
  swerve=$!
  touch /tmp/swerve.err
  tries=0
  until grep -q 'everything is attached' /tmp/swerve.err; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$swerve"; then
      cat /tmp/swerve.err
      exit 1
    fi
    sleep 0.1
  done
}
swerve_off() {
  kill -TERM "$swerve"
  wait "$swerve"
}

if [ "$first" = kernel ]; then
  kernel_on
  swerve_on
else
  swerve_on
  kernel_on
fi
sleep 1
echo "first $first" >/tmp/times
for task in /proc/[0-9]*/task/[0-9]*; do echo "old ${task##*/}"; done >>/tmp/times
load mix "$seconds" "$seed" >>/tmp/times
sleep 1
if [ "$first" = kernel ]; then
  swerve_off
  kernel_off
else
  kernel_off
  swerve_off
fi
cat "$trace/trace" >/tmp/kernel.txt
cat "$trace"/per_cpu/cpu*/stats | grep -E '^(overrun|commit overrun|dropped events):' >>/tmp/times
cp /tmp/kernel.txt /tmp/swerve.json /tmp/times /out/
