# tests/oracle/guest_panic.sh - in the guest: a violation with the reactor panic ends the machine. Does not return if it does.
set -u
echo 1 >/proc/sys/kernel/sysrq
swerve serve --mount /run/swerve --monitors /here/monitors --allow-panic 2>/tmp/serve.err &
daemon=$!
tries=0
until [ -e /run/swerve/available_monitors ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] && kill -0 "$daemon" || { cat /tmp/serve.err; exit 1; }
  sleep 0.1
done
echo panic >/run/swerve/monitors/rwfs/reactors || { cat /run/swerve/error_log; exit 1; }
echo rwfs >/run/swerve/enabled_monitors || { cat /run/swerve/error_log; exit 1; }
echo "provoking"
rwfs_demo unsafe /tmp/settings
sleep 5
echo "the machine lives"
cat /run/swerve/monitors/rwfs/stats
exit 1
