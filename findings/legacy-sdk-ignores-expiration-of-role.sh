#!/usr/bin/env bash
# The legacy SDK reads the key of an instance's role every 54 minutes, whatever Expiration the metadata service gave
# with it. A key that had ten minutes left is used for another 44 after its end.
# Seen with aliyun-python-sdk-core 2.16.1: after 30 minutes the token of a key that ended 20 minutes ago is sent; after
# 55 minutes a new one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    aliyun-python-sdk-core==2.16.1 aliyun-python-sdk-ecs==4.24.83 time-machine==3.6.0
cat >"$folder/signs.py" <<'PYTHON'
import io
import json
import time
from unittest.mock import patch

import time_machine
from aliyunsdkcore.auth.credentials import EcsRamRoleCredential
from aliyunsdkcore.auth.signers import ecs_ram_role_signer
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest

keys = []


def metadata(url):
    keys.append(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600)))
    return io.BytesIO(
        json.dumps(
            {
                "Code": "Success",
                "AccessKeyId": "STS.a",
                "AccessKeySecret": "b",
                "SecurityToken": f"token{len(keys)}",
                "Expiration": keys[-1],
            }
        ).encode()
    )


signer = ecs_ram_role_signer.EcsRamRoleSigner(EcsRamRoleCredential("role"))
with patch.object(ecs_ram_role_signer, "urlopen", metadata), time_machine.travel(1893456000, tick=False) as clock:
    for minutes in (0, 30, 55):
        clock.move_to(1893456000 + 60 * minutes)
        request = DescribeRegionsRequest()
        signer.sign("cn-hangzhou", request)
        expired = keys[-1] < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(minutes, request.get_query_params()["SecurityToken"], "expired" if expired else "valid")
PYTHON
seen=$("$folder/venv/bin/python" "$folder/signs.py")
echo "$seen"
[ "$seen" = "0 token1 valid
30 token1 expired
55 token2 valid" ]
