defmodule Harbor.Release do
  @moduledoc "What runs in a release without Mix."

  def migrate do
    Application.load(:harbor)

    {:ok, _, _} =
      Ecto.Migrator.with_repo(Harbor.Repo, &Ecto.Migrator.run(&1, :up, all: true))
  end
end
