#!/usr/bin/env bash
# aliyun-mns sends a request once more when the server closes the connection before it answers. For SendMessage that is
# a second message: the program makes one call, gets one answer, and the queue has two.
# Seen with aliyun-mns 1.1.5: "calls 1", "messages 2".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aliyun-mns==1.1.5
cat >"$folder/sends.py" <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mns.account import Account
from mns.queue import Message

messages = []
REPLY = b"""<?xml version="1.0"?><Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageId>5F-1</MessageId>
<MessageBodyMD5>C5DD35CEEB4F1B9A</MessageBodyMD5></Message>"""


class Queue(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        messages.append(self.rfile.read(int(self.headers["Content-Length"])))
        if len(messages) == 1:  # the answer to the first one is lost
            self.close_connection = True
            return
        self.send_response(201)
        self.send_header("Content-Length", str(len(REPLY)))
        self.send_header("x-mns-request-id", "1")
        self.end_headers()
        self.wfile.write(REPLY)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Queue)
threading.Thread(target=server.serve_forever, daemon=True).start()
queue = Account(f"http://127.0.0.1:{server.server_port}", "a", "b").get_queue("events")
answers = [queue.send_message(Message("Reboot"))]
print("calls", len(answers))
print("messages", len(messages))
PYTHON
seen=$(cd "$folder" && venv/bin/python sends.py | tail -n 2)  # it prints each request too
echo "$seen"
[ "$seen" = "calls 1
messages 2" ]
