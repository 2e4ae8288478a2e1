# tests/oracle/guest_serve.sh - sourced in the guest: the daemon is at /run/swerve from here on, as process $daemon.
swerve serve --mount /run/swerve --monitors /here/monitors --allow-panic 2>/tmp/serve.err &
daemon=$!
tries=0
until [ -e /run/swerve/available_monitors ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] && kill -0 "$daemon" || { cat /tmp/serve.err; exit 1; }
  sleep 0.1
done
