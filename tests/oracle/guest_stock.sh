# tests/oracle/guest_stock.sh - in the guest with Debian's own kernel: the copied swerve watches there.
set -u
status=0
fail() {
  echo "  $1"
  status=1
}
uname -r | sed 's/^/  Linux /'
swerve doctor >/tmp/doctor || fail "swerve doctor ended with $?"
sed 's/^/  | /' /tmp/doctor

load mix 100 5 >/dev/null & # longer than all of this
(while :; do
  rwfs_demo unsafe /tmp/settings
  rwfs_demo safe /tmp/settings
  sleep 0.3
done) &
saving=$!
swerve mon wwnr rwfs --for 8s >/tmp/reports || fail "swerve mon ended with $?"
kill $saving
for name in wwnr rwfs; do
  count=$(grep -c "^$name: .*is not allowed in state" /tmp/reports)
  [ "$count" -gt 0 ] || fail "$name found nothing"
done
tail -n 3 /tmp/reports | sed 's/^/  | /'
exit $status
