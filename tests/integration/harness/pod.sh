#!/bin/sh
# The first process of a pod: makes a container's mounts and names around itself, then becomes what the test runs.
# It has mount, PID, network, UTS and IPC namespaces of its own; POD is the test's directory for this pod, and "$@" the
# command with its exact environment.
set -eu

mount --make-rprivate /
mount -t proc proc /proc
# Of this network namespace.
mount -t sysfs sysfs /sys
echo "$POD_HOSTNAME" >/proc/sys/kernel/hostname

# A bare /dev, so that what beaminit finds or writes there (/dev/termination-log, /dev/shm) is this pod's own.
mount -t tmpfs -o mode=755 pod-dev /mnt
mknod -m 666 /mnt/null c 1 3
mknod -m 666 /mnt/zero c 1 5
mknod -m 666 /mnt/random c 1 8
mknod -m 666 /mnt/urandom c 1 9
mknod -m 666 /mnt/tty c 5 0
mkdir /mnt/pts /mnt/shm
mount -t devpts -o newinstance,ptmxmode=0666 pod-pts /mnt/pts
mount -t tmpfs -o mode=1777 pod-shm /mnt/shm
ln -s pts/ptmx /mnt/ptmx
ln -s /proc/self/fd /mnt/fd
if [ -e "$POD/dev/termination-log" ]; then
    : >/mnt/termination-log
    mount --bind "$POD/dev/termination-log" /mnt/termination-log
fi
mount --move /mnt /dev

mount --bind "$POD/srv" /srv
mount --bind -o ro "$POD_RELEASES" /srv/releases

mount -t tmpfs -o mode=755 pod-run /run
cp -r "$POD/run/." /run/
: >/run/beaminit
mount --bind "$POD_BEAMINIT" /run/beaminit
[ ! -e /srv/bin/beaminit-attach ] || mount --bind "$POD_ATTACH" /srv/bin/beaminit-attach

for file in resolv.conf hosts; do
    # Where /etc/resolv.conf is a link into /run, its target has just gone out of sight.
    target=$(readlink -m "/etc/$file")
    [ -e "$target" ] || { mkdir -p "${target%/*}" && : >"$target"; }
    mount --bind "$POD/etc/$file" "$target"
done

[ ! -e "$POD/etc/passwd" ] || mount --bind "$POD/etc/passwd" /etc/passwd

# Last, since the build directory may well lie under it.
mount -t tmpfs -o mode=1777 pod-tmp /tmp

cd "$POD_CWD"
if [ -n "$POD_USER" ]; then
    # A change of user clears the order to die with the test: give it again.
    exec setpriv --reuid "$POD_USER" --regid 0 --clear-groups --no-new-privs --pdeathsig KILL "$@"
fi
exec "$@"
