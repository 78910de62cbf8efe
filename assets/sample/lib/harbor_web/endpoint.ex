defmodule HarborWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :harbor

  @session_options [store: :cookie, key: "_harbor", signing_salt: "bollard", same_site: "Lax"]

  socket "/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]]

  plug Plug.Static, at: "/", from: :harbor, only: ~w(assets)
  plug Plug.RequestId
  plug Plug.Parsers, parsers: [:urlencoded, :multipart, :json], json_decoder: Jason
  plug Plug.Session, @session_options
  plug HarborWeb.Router
end
