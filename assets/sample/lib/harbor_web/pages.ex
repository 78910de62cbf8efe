defmodule HarborWeb.Pages do
  @moduledoc "The frame around every page, and what stands there after an error."
  use Phoenix.Component

  def root(assigns) do
    ~H"""
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="csrf-token" content={Plug.CSRFProtection.get_csrf_token()} />
        <title>Harbor</title>
        <script defer src="/assets/app.js"></script>
      </head>
      <body>{@inner_content}</body>
    </html>
    """
  end

  def render(template, _assigns), do: Phoenix.Controller.status_message_from_template(template)
end
