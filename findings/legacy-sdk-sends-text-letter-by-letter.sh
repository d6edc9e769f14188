#!/usr/bin/env bash
# set_InstanceIds of the legacy SDK means three things. In DescribeInstances it takes JSON text; in RebootInstances and
# DescribeInstancesFullStatus a list. Text where a list is meant is no error: it is sent a letter a parameter. A query
# then finds nothing, so a poller that was copied from one request to the other sees no event, ever.
# Seen with aliyun-python-sdk-ecs 4.24.83: "InstanceIds: i-web1", "InstanceId.1: i", "InstanceId.2: -", and so on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    aliyun-python-sdk-core==2.16.1 aliyun-python-sdk-ecs==4.24.83
cat >"$folder/parameters.py" <<'PYTHON'
from aliyunsdkecs.request.v20140526.DescribeInstancesFullStatusRequest import DescribeInstancesFullStatusRequest
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.RebootInstancesRequest import RebootInstancesRequest

for kind in (DescribeInstancesRequest, DescribeInstancesFullStatusRequest, RebootInstancesRequest):
    request = kind()
    request.set_InstanceIds("i-1")
    print(request.get_action_name(), request.get_query_params())
PYTHON
seen=$("$folder/venv/bin/python" -W ignore "$folder/parameters.py")
echo "$seen"
[ "$seen" = "DescribeInstances {'InstanceIds': 'i-1'}
DescribeInstancesFullStatus {'InstanceId.1': 'i', 'InstanceId.2': '-', 'InstanceId.3': '1'}
RebootInstances {'InstanceId.1': 'i', 'InstanceId.2': '-', 'InstanceId.3': '1'}" ]
