// A guestbook: whoever writes a line, all who have the page open see it at once, over a WebSocket.
const http = require("http");
const { WebSocketServer, WebSocket } = require("ws");

const lines = [];

const page = `<!doctype html>
<meta charset="utf-8">
<title>Guestbook</title>
<h1>Guestbook</h1>
<ul id="lines"></ul>
<form id="form"><input id="line" maxlength="200" autofocus> <button>Sign</button></form>
<script>
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  const socket = new WebSocket(scheme + location.host + "/lines");
  socket.onmessage = (message) => {
    const item = document.createElement("li");
    item.textContent = message.data;
    document.getElementById("lines").append(item);
  };
  document.getElementById("form").onsubmit = (event) => {
    event.preventDefault();
    const line = document.getElementById("line");
    if (line.value) socket.send(line.value);
    line.value = "";
  };
</script>`;

const server = http.createServer((request, response) => {
  if (request.url !== "/") {
    response.writeHead(404).end("not found\n");
    return;
  }
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
});

const sockets = new WebSocketServer({ server, path: "/lines" });
sockets.on("connection", (socket) => {
  for (const line of lines) socket.send(line);
  socket.on("message", (data) => {
    const line = data.toString().slice(0, 200);
    lines.push(line);
    if (lines.length > 100) lines.shift();
    for (const other of sockets.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(line);
    }
  });
});

// ECS says goodbye with SIGTERM; open sockets would keep the process until it is killed.
process.on("SIGTERM", () => {
  for (const socket of sockets.clients) socket.close(1001);
  server.close(() => process.exit(0));
});

const port = Number(process.env.PORT || 8080);
server.listen(port, "0.0.0.0", () => console.log(`guestbook listens on port ${port}`));
