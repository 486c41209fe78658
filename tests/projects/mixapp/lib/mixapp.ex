defmodule Mixapp do
  @moduledoc "Says under which name and cookie its node runs when it starts, and that it is being shut down when it is."
  use Application

  @impl true
  def start(_type, _args) do
    IO.puts("node=#{node()} cookie=#{:erlang.get_cookie()}")
    Supervisor.start_link([], strategy: :one_for_one)
  end

  @impl true
  def stop(_state), do: IO.puts("stopped")
end
