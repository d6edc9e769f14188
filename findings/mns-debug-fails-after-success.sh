#!/usr/bin/env bash
# aliyun-mns-sdk reads the header of the request id by its exact case, though HTTP header names have none. Behind a proxy
# or server that writes X-Mns-Request-Id, set_debug(True) turns a DeleteMessage that has succeeded into a KeyError, and a
# consumer that retries on errors repeats what was done.
# Seen with aliyun-mns-sdk 1.3.0: "x-mns-request-id deleted", "X-Mns-Request-Id KeyError".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aliyun-mns-sdk==1.3.0
cat >"$folder/delete.py" <<'PYTHON'
import contextlib
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from mns.account import Account


class NoContent(BaseHTTPRequestHandler):
    header = ""

    def do_DELETE(self):
        self.send_response(204)
        self.send_header(self.header, "5F3AE4D0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), NoContent)
threading.Thread(target=server.serve_forever, daemon=True).start()
for header in ("x-mns-request-id", "X-Mns-Request-Id"):
    NoContent.header = header
    queue = Account(f"http://127.0.0.1:{server.server_port}", "id", "key").get_queue("events")
    queue.set_debug(True)
    outcome = "deleted"
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            queue.delete_message("1-handle")
        except KeyError:
            outcome = "KeyError"
    print(header, outcome)
PYTHON
seen=$("$folder/venv/bin/python" "$folder/delete.py")
echo "$seen"
[ "$seen" = "x-mns-request-id deleted
X-Mns-Request-Id KeyError" ]
