defmodule HarborWeb.QuayLive do
  @moduledoc """
  The quay: a list of ships that grows for everybody at once. A ship comes with its papers, which are
  uploaded over the same WebSocket.
  """
  use Phoenix.LiveView
  alias Harbor.Quay

  @impl true
  def mount(_params, _session, socket) do
    if connected?(socket), do: Quay.watch()

    {:ok,
     socket
     |> assign(ships: Quay.ships())
     |> allow_upload(:papers, accept: ~w(.pdf .txt), max_entries: 1, max_file_size: 5_000_000)}
  end

  @impl true
  def handle_event("check", _params, socket), do: {:noreply, socket}

  def handle_event("moor", %{"name" => name}, socket) do
    papers = consume_uploaded_entries(socket, :papers, fn %{path: path}, _entry -> File.read(path) end)
    Quay.moor(name, List.first(papers))
    {:noreply, socket}
  end

  @impl true
  def handle_info({:moored, ship}, socket), do: {:noreply, update(socket, :ships, &[ship | &1])}

  @impl true
  def render(assigns) do
    ~H"""
    <h1>Harbor</h1>
    <form phx-change="check" phx-submit="moor">
      <input name="name" placeholder="Name of the ship" required />
      <.live_file_input upload={@uploads.papers} />
      <button>Moor</button>
    </form>
    <p :for={entry <- @uploads.papers.entries}>{entry.client_name}: {entry.progress} %</p>
    <ul>
      <li :for={ship <- @ships}>{ship.name}, since {ship.inserted_at}</li>
    </ul>
    <small>You are on {node()}, which is connected to {length(Node.list())} others.</small>
    """
  end
end
