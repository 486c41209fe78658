#!/bin/sh
# The shape of a gleam shipment's entrypoint.sh: one erl, found in PATH, as a child of this shell.
set -eu
PACKAGE=gleamapp
BASE=$(dirname "$0")
case "${1-}" in
    run)
        shift
        erl -pa "$BASE"/*/ebin -eval "$PACKAGE@@main:run($PACKAGE)" -noshell -extra "$@"
        ;;
    shell)
        erl -pa "$BASE"/*/ebin
        ;;
esac
