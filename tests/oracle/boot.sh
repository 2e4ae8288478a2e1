#!/usr/bin/env bash
# tests/oracle/boot.sh KERNEL SCRIPT OUT [FILE...] - boots KERNEL in QEMU and runs SCRIPT there, as root.
#
# QEMU emulates every instruction, so it needs no rights and no hardware. The guest's file system is busybox in
# memory, with each FILE in /here (programs are static; folders come with what is in them). What SCRIPT prints is
# printed; what it leaves in the guest's /out comes to the folder OUT, where the guest's kernel knows 9p.
# Ends with 1 when the guest did not come to the end of SCRIPT, else with the status of SCRIPT.
#
#   CPUS=2      how many CPUs
#   COUNT=1     one CPU whose clock counts instructions, 2 ns each: the same work gives the same figure again
#   MEMORY=1024 megabytes
#   LIMIT=300   seconds after which the guest is ended
#   CONSOLE=F   everything that the guest's console showed goes to the file F; the kernel's own messages, too
set -euo pipefail
kernel=$1 script=$2 out=$3
shift 3

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
mkdir -p "$root"/{bin,dev,etc,here,out,proc,sys,tmp} "$out"
cp /bin/busybox "$root/bin/"
cp "$script" "$root/here/script.sh"
for file in "$@"; do cp -rL "$file" "$root/here/"; done
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/here:/bin HOME=/tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
mount -t 9p -o trans=virtio,version=9p2000.L out /out 2>/dev/null
cd /tmp
exec 2>&1
echo @begin
sh /here/script.sh
echo "@end $?"
sync
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$scratch/initrd.gz"

level=1
[ -z "${CONSOLE:-}" ] || level=7
machine=(-accel tcg,thread=multi -smp "${CPUS:-2}")
[ -z "${COUNT:-}" ] || machine=(-accel tcg,thread=single -icount shift=1,sleep=off -smp 1)
timeout "${LIMIT:-300}" qemu-system-x86_64 "${machine[@]}" -cpu max -m "${MEMORY:-1024}" \
  -kernel "$kernel" -initrd "$scratch/initrd.gz" -append "console=ttyS0 quiet loglevel=$level panic=-1" \
  -virtfs "local,path=$out,mount_tag=out,security_model=none" \
  -nographic -no-reboot -net none </dev/null >"$scratch/console" 2>"$scratch/errors" || true

[ -z "${CONSOLE:-}" ] || tr -d '\r' <"$scratch/console" >"$CONSOLE"
# The first line may stand behind what the firmware wrote to clear the screen.
tr -d '\r' <"$scratch/console" | sed -n '/@begin$/,/^@end /p' >"$scratch/said"
sed '1d;/^@end /d' "$scratch/said"
status=$(sed -n 's/^@end //p' "$scratch/said")
if [ -z "$status" ]; then
  echo "the guest did not come to its end; the last that it and QEMU said:" >&2
  tail -n 15 "$scratch/console" >&2
  tail -n 5 "$scratch/errors" >&2
  exit 1
fi
exit "$status"
