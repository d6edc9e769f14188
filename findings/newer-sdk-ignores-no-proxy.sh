#!/usr/bin/env bash
# The newer SDK reads HTTP_PROXY, but its synchronous calls ignore NO_PROXY: a call to a host that needs no proxy goes
# through the proxy. The no_proxy of RuntimeOptions and of Config changes nothing either. Plain requests goes directly.
# Seen with alibabacloud-ecs20140526 7.11.8, darabonba-core 1.0.9 and requests 2.34.2: "requests direct",
# "environment proxy", "options proxy".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    alibabacloud-ecs20140526==7.11.8 alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9 requests==2.34.2
cat >"$folder/calls.py" <<'PYTHON'
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

receivers = []


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        receivers.append(self.server.name)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def serve(name):
    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "127.0.0.1:%d" % server.server_port


proxy, cloud = serve("proxy"), serve("direct")
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ.update(HTTP_PROXY=f"http://{proxy}", http_proxy=f"http://{proxy}", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
requests.post(f"http://{cloud}/", timeout=5)
names = {"access_key_id": "a", "access_key_secret": "b", "protocol": "http", "endpoint": cloud}
request = models.DescribeRegionsRequest()
Client(Config(**names)).describe_regions_with_options(request, RuntimeOptions())
Client(Config(**names, no_proxy="127.0.0.1")).describe_regions_with_options(request, RuntimeOptions(no_proxy="127.0.0.1"))
for name, receiver in zip(("requests", "environment", "options"), receivers):
    print(name, receiver)
PYTHON
seen=$("$folder/venv/bin/python" "$folder/calls.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "requests direct
environment proxy
options proxy" ]
