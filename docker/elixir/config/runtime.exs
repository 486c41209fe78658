import Config

# As Phoenix has it: read when the release starts, whose script writes the outcome into RELEASE_TMP.
config :hello, server: System.get_env("PHX_SERVER") == "true"
