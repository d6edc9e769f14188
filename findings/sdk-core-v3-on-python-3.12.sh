#!/usr/bin/env bash
# aliyun-python-sdk-core-v3 2.13.33 on Python 3.12 and newer (seen on 3.12.1 and 3.14.10).
#
# aliyun-python-sdk-ecs 4.10.0, the release that Alibaba Cloud's article on simulated events asks for, requires this core.
# pip installs both without a warning, because neither package says which Pythons it supports. The client cannot be imported:
#     ModuleNotFoundError: No module named 'aliyunsdkcore.vendored.six.moves'
# The core's copy of six finds modules with `find_module`, which Python 3.12 removed. aliyun-python-sdk-core 2.16.1 works.
#
# Exits 0 if this is still so, 1 if it has changed, 2 where no Python 3.12 or newer is installed.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset PYTHONPATH

for python in ${PYTHON:-python3.15 python3.14 python3.13 python3.12 python3} ""; do
    [ -n "$python" ] || { echo "needs Python 3.12 or newer: PYTHON=/path/to/python $0"; exit 2; }
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break
done

"$python" --version
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    aliyun-python-sdk-ecs==4.10.0 aliyun-python-sdk-core-v3==2.13.33
seen=$("$scratch/venv/bin/python" -c 'from aliyunsdkcore.client import AcsClient' 2>&1) || true
tail -n 1 <<<"$seen"
grep -q "No module named 'aliyunsdkcore.vendored.six.moves'" <<<"$seen" || { echo "changed: the import did not fail that way"; exit 1; }
