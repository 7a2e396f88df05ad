const http = require("http");

function serve(pages, port = 8080) {
  http.createServer((request, response) => response.end(pages[request.url] ?? "")).listen(port);
}

module.exports = { serve };
