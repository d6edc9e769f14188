#!/usr/bin/env bash
# When no address of the endpoint takes a connection, aliyun-mns tells of a variable of its own instead of the reason:
# it keeps the error under the name of an except clause, and Python 3 removes that name at the end of the clause.
# Seen with aliyun-mns 1.1.5 on Python 3.11: "NetWorkException", "reason lost".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aliyun-mns==1.1.5
cat >"$folder/connects.py" <<'PYTHON'
import socket

from mns.account import Account
from mns.mns_exception import MNSExceptionBase

with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]  # closed again before it is used
try:
    Account(f"http://127.0.0.1:{port}", "a", "b").get_queue("events").receive_message()
except MNSExceptionBase as error:
    print(error.type)
    print("reason told" if "refused" in error.message else "reason lost")
    assert "'msg'" in error.message, error.message
PYTHON
seen=$(cd "$folder" && venv/bin/python connects.py | tail -n 2)  # it prints each request too
echo "$seen"
[ "$seen" = "NetWorkException
reason lost" ]
