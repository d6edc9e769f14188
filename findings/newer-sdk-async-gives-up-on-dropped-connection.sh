#!/usr/bin/env bash
# With the same retry options, a call of the newer SDK whose connection is dropped before the answer is sent three times,
# and the same call with await once: aiohttp's ServerDisconnectedError is no OSError, so the SDK does not make its
# RetryError of it.
# Seen with alibabacloud-ecs20140526 7.11.8, darabonba-core 1.0.9 and aiohttp 3.14.5: "sync 3", "async 1".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    alibabacloud-ecs20140526==7.11.8 alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9 aiohttp==3.14.5
cat >"$folder/calls.py" <<'PYTHON'
import asyncio
import socket
import threading

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
from darabonba.exceptions import UnretryableException
from darabonba.policy.retry import RetryOptions
from darabonba.runtime import RuntimeOptions

received = []


def drop(listener):
    while True:
        connection, _ = listener.accept()
        received.append(connection.recv(65536))
        connection.close()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=drop, args=(listener,), daemon=True).start()
again = RetryOptions({"retryable": True, "retryCondition": [{"maxAttempts": 3, "exception": ["RetryError"]}]})
client = Client(
    Config(
        access_key_id="a",
        access_key_secret="b",
        protocol="http",
        endpoint="127.0.0.1:%d" % listener.getsockname()[1],
        retry_options=again,
    )
)
request, options = models.DescribeRegionsRequest(), RuntimeOptions()


def tell(name, call):
    received.clear()
    try:
        call()
    except UnretryableException:
        print(name, len(received))


tell("sync", lambda: client.describe_regions_with_options(request, options))
tell("async", lambda: asyncio.run(client.describe_regions_with_options_async(request, options)))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/calls.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "sync 3
async 1" ]
