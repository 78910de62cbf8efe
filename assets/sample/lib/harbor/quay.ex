defmodule Harbor.Quay do
  @moduledoc "The ships at the quay. Whoever watches, on any node, hears of each arrival."
  use Ecto.Schema
  import Ecto.Query
  alias Harbor.{PubSub, Repo}

  @topic "quay"

  schema "ships" do
    field :name, :string
    field :papers, :binary
    timestamps(type: :utc_datetime)
  end

  def watch, do: Phoenix.PubSub.subscribe(PubSub, @topic)

  def ships do
    Repo.all(from s in __MODULE__, order_by: [desc: s.inserted_at], limit: 50, select: [:id, :name, :inserted_at])
  end

  def moor(name, papers) do
    ship = Repo.insert!(%__MODULE__{name: name, papers: papers})
    Phoenix.PubSub.broadcast(PubSub, @topic, {:moored, %{ship | papers: nil}})
  end
end
