"""A process whose server answers every request with one file: werkzeug, with the least application that will do."""

import sys
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log(self, *_message):
        """Write no access log, as the server measured."""


BODY = Path(sys.argv[1]).read_bytes()


def app(_environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return [BODY]


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print(f"127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
