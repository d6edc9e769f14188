#!/usr/bin/env bash
# RuntimeOptions of the newer SDK takes autoretry and max_attempts, which its clients no longer read. A call whose
# connection is dropped is sent once. Only Config(retry_options=...) makes it try again.
# Seen with alibabacloud-ecs20140526 7.11.8, alibabacloud-tea-openapi 0.4.6 and darabonba-core 1.0.9:
# "runtime options 1", "retry options 3".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    alibabacloud-ecs20140526==7.11.8 alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9
cat >"$folder/calls.py" <<'PYTHON'
import socket
import threading
from contextlib import suppress

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
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
names = {"access_key_id": "a", "access_key_secret": "b", "protocol": "http", "region_id": "cn-hangzhou"}
names["endpoint"] = "127.0.0.1:%d" % listener.getsockname()[1]
again = RetryOptions({"retryable": True, "retryCondition": [{"maxAttempts": 3, "exception": ["RetryError"]}]})
runtime = RuntimeOptions(autoretry=True, max_attempts=3)
for name, config, options in (
    ("runtime options", Config(**names), runtime),
    ("retry options", Config(**names, retry_options=again), RuntimeOptions()),
):
    received.clear()
    with suppress(Exception):
        Client(config).describe_regions_with_options(models.DescribeRegionsRequest(), options)
    print(name, len(received))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/calls.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "runtime options 1
retry options 3" ]
