#!/bin/sh
if [ -z "$WITH_SECRETS" ]; then
  exec env WITH_SECRETS=yes RELEASE_DISTRIBUTION=name RELEASE_NODE=demo@10.1.2.3 "$0" "$@"
fi
if [ "$RELEASE_COMMAND" = start ]; then
  export ELIXIR_ERL_OPTIONS="-eval file:write_file(\"/srv/boots\",\"x\",[append])."
fi
