# tests/oracle/guest_panic.sh - in the guest: a violation with the reactor panic ends the machine. Does not return if it does.
set -u
echo 1 >/proc/sys/kernel/sysrq
. /here/guest_serve.sh
echo panic >/run/swerve/monitors/rwfs/reactors || { cat /run/swerve/error_log; exit 1; }
echo rwfs >/run/swerve/enabled_monitors || { cat /run/swerve/error_log; exit 1; }
echo "provoking"
rwfs_demo unsafe /tmp/settings
sleep 5
echo "the machine lives"
cat /run/swerve/monitors/rwfs/stats
exit 1
