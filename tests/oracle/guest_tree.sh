# tests/oracle/guest_tree.sh - in the guest: the same operations on the kernel's rv folder and on swerve's mount.
set -u
swerve serve --mount /run/swerve --monitors /here/monitors --allow-panic 2>/tmp/serve.err &
daemon=$!
tries=0
until [ -e /run/swerve/available_monitors ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] && kill -0 "$daemon" || { cat /tmp/serve.err; exit 1; }
  sleep 0.1
done
# What both have, in the same order; rwfs is swerve's alone.
echo rwfs >/run/swerve/unload || { cat /run/swerve/error_log; exit 1; }
treeops /sys/kernel/tracing/rv /here/operations >/out/kernel.txt || exit 1
treeops /run/swerve /here/operations >/out/swerve.txt || exit 1
kill -TERM "$daemon"
wait "$daemon"
