defmodule Mixapp.MixProject do
  use Mix.Project

  def project do
    [
      app: :mixapp,
      version: "0.1.0",
      start_permanent: true,
      # The machine's own Erlang: the release's scripts are what is tested, and are the same.
      releases: [mixapp: [include_erts: false]]
    ]
  end

  def application, do: [mod: {Mixapp, []}, extra_applications: [:ssl]]
end
