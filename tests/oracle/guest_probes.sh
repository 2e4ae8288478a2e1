# tests/oracle/guest_probes.sh - in the guest: what the development machine's kernel may lack. fentry and fexit with
# exact counts, and wip, which needs the tracepoints of preemption.
set -u
good=500 bad=7
status=0

swerve mon /here/opens.toml --json -- load opens $good $bad >/tmp/opens.json || status=1
found=$(grep -c '"type":"violation"' /tmp/opens.json)
events=$(tail -n 1 /tmp/opens.json | sed 's/.*"events":\([0-9]*\).*/\1/')
# Each good open is two steps, and so are the one that makes the file and each bad one's beginning.
expected=$((2 * (good + 1) + bad))
if [ "$found" = $bad ] && [ "$events" = $expected ] && tail -n 1 /tmp/opens.json | grep -q '"incomplete":false'; then
  echo "  fentry and fexit: $bad of $bad failed opens found, $events of $expected steps: ok"
else
  echo "  fentry and fexit: $found violations instead of $bad, $events steps instead of $expected:"
  tail -n 1 /tmp/opens.json
  status=1
fi

swerve mon wip --json --for 3s >/tmp/wip.json &
load quiet 4 >/dev/null
wait $! || status=1
summary=$(tail -n 1 /tmp/wip.json)
events=$(echo "$summary" | sed 's/.*"events":\([0-9]*\).*/\1/')
violations=$(grep -c '"type":"violation"' /tmp/wip.json)
if [ "${events:-0}" -gt 1000 ] && echo "$summary" | grep -q '"incomplete":false'; then
  echo "  wip: $events steps, $violations violations, nothing lost: ok"
else
  echo "  wip: $summary"
  status=1
fi
exit $status
