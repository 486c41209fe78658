#!/bin/sh
# The shape of a distillery release's own script: it starts a VM to look around, copies its vm.args into var and expands
# it there, demands a name and a cookie of it; its VM only prints how it was started, and the vm.args that it would read.
set -e
ROOT="$(cd "$(dirname "$0")/../.." && pwd -P)"
export DISTILLERY_TASK="$1" REL_NAME
echo "looks around with ERL_AFLAGS=${ERL_AFLAGS-}"

SOURCE="${VMARGS_PATH:-$ROOT/releases/0.1.0/vm.args}"
mkdir -p "$ROOT/var"
DEST_VMARGS_PATH="$ROOT/var/vm.args"
cp "$SOURCE" "$DEST_VMARGS_PATH"
if [ "${REPLACE_OS_VARS-}" ]; then
    awk '{ while (match($0, "[$]{[^}]*}")) {
             var = substr($0, RSTART + 2, RLENGTH - 3)
             $0 = substr($0, 1, RSTART - 1) ENVIRON[var] substr($0, RSTART + RLENGTH) }
           print }' "$SOURCE" >"$DEST_VMARGS_PATH"
fi
export VMARGS_PATH="$DEST_VMARGS_PATH"

NAME=$(grep -E '^-s?name' "$VMARGS_PATH" | awk '{ print $2 }')
: "${NAME:?vm.args needs to have either -name or -sname parameter}"
COOKIE="${COOKIE:-$(grep '^-setcookie' "$VMARGS_PATH" | awk '{ print $2 }')}"
: "${COOKIE:?a secret cookie must be provided}"

case "$1" in
    foreground | console)
        sed 's/^/vm.args /' "$VMARGS_PATH"
        exec /srv/releases/prints-args -args_file "$VMARGS_PATH" -- "$@"
        ;;
    rpc | remote_console | ping | stop | pid)
        echo "client of $NAME with $COOKIE"
        ;;
esac
