import { Socket } from "phoenix";
import { LiveSocket } from "phoenix_live_view";

const token = document.querySelector("meta[name='csrf-token']").content;
const liveSocket = new LiveSocket("/live", Socket, { params: { _csrf_token: token } });

liveSocket.connect();
