import Config

config :harbor, ecto_repos: [Harbor.Repo]

config :harbor, HarborWeb.Endpoint,
  adapter: Bandit.PhoenixAdapter,
  pubsub_server: Harbor.PubSub,
  live_view: [signing_salt: "quayside"],
  render_errors: [formats: [html: HarborWeb.Pages], layout: false]

config :esbuild,
  version: "0.21.5",
  harbor: [
    args: ~w(js/app.js --bundle --target=es2020 --outdir=../priv/static/assets),
    cd: Path.expand("../assets", __DIR__),
    env: %{"NODE_PATH" => Path.expand("../deps", __DIR__)}
  ]

config :phoenix, :json_library, Jason
