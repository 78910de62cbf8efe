defmodule Harbor.Application do
  @moduledoc "Starts the parts of Harbor: database, cluster, messages, web."
  use Application

  @impl true
  def start(_type, _args) do
    topologies = Application.get_env(:libcluster, :topologies, [])

    children = [
      Harbor.Repo,
      {Cluster.Supervisor, [topologies, [name: Harbor.ClusterSupervisor]]},
      {Phoenix.PubSub, name: Harbor.PubSub},
      HarborWeb.Endpoint
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Harbor.Supervisor)
  end
end
