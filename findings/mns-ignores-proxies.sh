#!/usr/bin/env bash
# The queue's packages ignore HTTP_PROXY, which both ECS SDKs obey. Where only a proxy reaches the cloud, the poller of
# events works and the consumer of the same program's queue fails to find the host; where both ways are open, the two
# leave by different addresses, and an access rule by source address lets one of them in.
# Seen with aliyun-mns 1.1.5 and aliyun-mns-sdk 1.3.0, and aliyun-python-sdk-core 2.16.1 beside them:
# "ecs through the proxy", "mns directly".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/calls.py" <<'PYTHON'
import os
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from mns.account import Account


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        ways.append(way_of[self.server.server_port])
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *details):
        pass


ways, way_of, ports = [], {}, []
for way in ("directly", "through the proxy"):
    server = HTTPServer(("127.0.0.1", 0), Server)
    way_of[server.server_port] = way
    ports.append(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"127.0.0.1:{ports[0]}"
for name in ("no_proxy", "NO_PROXY"):
    os.environ.pop(name, None)
os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = f"http://127.0.0.1:{ports[1]}"


def call_ecs():
    request = CommonRequest(endpoint, "2014-05-26", "DescribeRegions")
    AcsClient("id", "key", "cn-hangzhou", auto_retry=False).do_action_with_exception(request)


def call_mns():
    Account(f"http://{endpoint}", "id", "key").get_queue("jobs").receive_message()


for name, call in (("ecs", call_ecs), ("mns", call_mns)):
    ways.clear()
    with suppress(Exception):
        call()
    print("seen", name, ways[0])
PYTHON
for package in aliyun-mns==1.1.5 aliyun-mns-sdk==1.3.0; do
    python3 -m venv "$folder/$package"
    "$folder/$package/bin/pip" install --quiet --disable-pip-version-check "$package" aliyun-python-sdk-core==2.16.1
    "$folder/$package/bin/python" -W ignore "$folder/calls.py" | grep '^seen' | tee -a "$folder/seen"
done
[ "$(cat "$folder/seen")" = "seen ecs through the proxy
seen mns directly
seen ecs through the proxy
seen mns directly" ]
