# tests/oracle/guest_tree.sh - in the guest: the same operations on the kernel's rv folder and on swerve's mount.
set -u
. /here/guest_serve.sh
# What both have, in the same order; rwfs is swerve's alone.
echo rwfs >/run/swerve/unload || { cat /run/swerve/error_log; exit 1; }
treeops /sys/kernel/tracing/rv /here/operations >/out/kernel.txt || exit 1
treeops /run/swerve /here/operations >/out/swerve.txt || exit 1
kill -TERM "$daemon"
wait "$daemon"
