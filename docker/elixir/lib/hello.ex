defmodule Hello do
  use Application

  def start(_type, _args) do
    IO.puts("hello: started as #{node()}")
    Supervisor.start_link([], strategy: :one_for_one)
  end

  def stop(_state), do: IO.puts("hello: stopped gracefully")
end
