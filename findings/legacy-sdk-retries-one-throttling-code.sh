#!/usr/bin/env bash
# With its default settings the legacy SDK sends DescribeInstanceHistoryEvents four times when the answer is Throttling,
# InternalError or ServiceUnavailable, and once when it is Throttling.User: its list of codes is compared letter by
# letter. RebootInstance and CreateSimulatedSystemEvents are on no list of its, so they are sent once whatever comes.
# Seen with aliyun-python-sdk-core 2.16.1 and aliyun-python-sdk-ecs 4.24.83: 4, 1, 4, and 1 for a reboot.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    aliyun-python-sdk-core==2.16.1 aliyun-python-sdk-ecs==4.24.83
cat >"$folder/calls.py" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import DescribeInstanceHistoryEventsRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

requests = []


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        requests.append(self.path)
        body = json.dumps({"Code": code, "Message": "try later", "RequestId": "r-1"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *details):
        pass


server = HTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
for action, code, status in (
    (DescribeInstanceHistoryEventsRequest, "Throttling", 400),
    (DescribeInstanceHistoryEventsRequest, "Throttling.User", 400),
    (DescribeInstanceHistoryEventsRequest, "ServiceUnavailable", 503),
    (RebootInstanceRequest, "ServiceUnavailable", 503),
):
    requests.clear()
    request = action()
    request.set_endpoint("127.0.0.1:%d" % server.server_port)
    try:
        AcsClient("a", "b", "cn-hangzhou").do_action_with_exception(request)
    except ServerException as error:
        print(request.get_action_name(), error.get_error_code(), len(requests))
PYTHON
seen=$("$folder/venv/bin/python" -W ignore "$folder/calls.py")
echo "$seen"
[ "$seen" = "DescribeInstanceHistoryEvents Throttling 4
DescribeInstanceHistoryEvents Throttling.User 1
DescribeInstanceHistoryEvents ServiceUnavailable 4
RebootInstance ServiceUnavailable 1" ]
