defmodule HarborWeb.Router do
  use Phoenix.Router
  import Phoenix.LiveView.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :put_root_layout, html: {HarborWeb.Pages, :root}
    plug :protect_from_forgery
    plug :put_secure_browser_headers
  end

  get "/health", HarborWeb.Health, :show

  scope "/" do
    pipe_through :browser
    live "/", HarborWeb.QuayLive
  end
end
