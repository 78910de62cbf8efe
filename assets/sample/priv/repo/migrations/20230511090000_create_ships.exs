defmodule Harbor.Repo.Migrations.CreateShips do
  use Ecto.Migration

  def change do
    create table(:ships) do
      add :name, :string, null: false
      add :papers, :binary
      timestamps(type: :utc_datetime)
    end
  end
end
