import Config

if System.get_env("PHX_SERVER"), do: config(:harbor, HarborWeb.Endpoint, server: true)

if config_env() == :prod do
  host = System.get_env("PHX_HOST", "localhost")

  config :harbor, HarborWeb.Endpoint,
    url: [host: host, port: 443, scheme: "https"],
    http: [ip: {0, 0, 0, 0}, port: String.to_integer(System.get_env("PORT", "4000"))],
    secret_key_base: System.fetch_env!("SECRET_KEY_BASE")

  config :harbor, Harbor.Repo,
    url: System.fetch_env!("DATABASE_URL"),
    pool_size: String.to_integer(System.get_env("POOL_SIZE", "5"))

  # One name stands for the addresses of all nodes.
  if query = System.get_env("CLUSTER_DNS") do
    config :libcluster,
      topologies: [
        harbor: [
          strategy: Cluster.Strategy.DNSPoll,
          config: [query: query, node_basename: "harbor", polling_interval: 5_000]
        ]
      ]
  end
end
