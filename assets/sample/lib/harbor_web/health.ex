defmodule HarborWeb.Health do
  @moduledoc "Answers the load balancer."
  use Phoenix.Controller, formats: []

  def show(conn, _params), do: text(conn, "afloat")
end
