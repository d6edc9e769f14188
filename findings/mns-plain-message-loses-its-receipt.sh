#!/usr/bin/env bash
# A message that its sender did not encode in base64, as a topic's subscription or a program in another language may do,
# is a trap for consumers that use aliyun-mns or aliyun-mns-sdk with their default decoding. receive_message raises
# binascii.Error, which is none of the package's exceptions, and with it the receipt handle is lost: the consumer can
# neither delete the message nor hide it, and meets it again at each end of its visibility timeout. Text that happens to
# be base64 is decoded: the newer package returns other bytes, without any error.
# Seen with aliyun-mns 1.1.5: "Error", "UnicodeDecodeError"; with aliyun-mns-sdk 1.3.0: "Error", b'i\xb7\x1d'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/receives.py" <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from mns.account import Account
from mns.mns_exception import MNSExceptionBase

MEMBERS = "MessageId MessageBodyMD5 EnqueueTime FirstDequeueTime NextVisibleTime DequeueCount Priority ReceiptHandle"


class Queue(BaseHTTPRequestHandler):
    def do_GET(self):
        inner = "".join(f"<{name}>1</{name}>" for name in MEMBERS.split())
        inner += f"<MessageBody>{body}</MessageBody>"
        reply = f'<Message xmlns="http://mns.aliyuncs.com/doc/v1/">{inner}</Message>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *details):
        pass


server = HTTPServer(("127.0.0.1", 0), Queue)
threading.Thread(target=server.serve_forever, daemon=True).start()
queue = Account(f"http://127.0.0.1:{server.server_port}", "id", "key").get_queue("jobs")
for body in ('{"product":"ECS"}', "abcd"):
    try:
        print("seen", queue.receive_message().message_body)
    except MNSExceptionBase as error:
        print("seen", "MNS", error)
    except Exception as error:
        print("seen", type(error).__name__)
PYTHON
for package in aliyun-mns==1.1.5 aliyun-mns-sdk==1.3.0; do
    python3 -m venv "$folder/$package"
    "$folder/$package/bin/pip" install --quiet --disable-pip-version-check "$package"
    "$folder/$package/bin/python" -W ignore "$folder/receives.py" | grep '^seen' | tee -a "$folder/seen"
done
[ "$(cat "$folder/seen")" = "seen Error
seen UnicodeDecodeError
seen Error
seen b'i\xb7\x1d'" ]
