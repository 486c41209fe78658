defmodule Hello.Release do
  # Where mix phx.gen.release has Ecto.Migrator.with_repo/2 for each repository.
  def migrate do
    IO.puts("hello: migrated by #{node()}")
  end
end
