"""The comparison with the newest SDKs notices what the fake lacks."""

import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools/compare_models.py"
REQUEST = """
class RebootInstanceRequest(DaraModel):
    def __init__(self, instance_id: str = None, mode: str = None):
        self.instance_id = instance_id
        # How. See also SystemMaintenance.Teleport.
        self.mode = mode

    def to_map(self):
        if self.instance_id is not None:
            result['InstanceId'] = self.instance_id

        if self.mode is not None:
            result['Mode'] = self.mode


class RebootInstanceRequestTag(DaraModel):
    def to_map(self):
        if self.key is not None:
            result['Key'] = self.key
"""
STATUS = """
class DescribeInstancesFullStatusRequest(DaraModel):
    def __init__(self, status: str = None):
        # The status. Valid values:
        #
        # - Running: It runs.
        # - Levitating: It is new.
        self.status = status

    def to_map(self):
        if self.status is not None:
            result['Status'] = self.status
"""
CLIENT = "MAP = {'cn-hangzhou': 'ecs-cn-hangzhou.aliyuncs.com', 'moon-south-1': 'ecs.moon-south-1.aliyuncs.com'}"


def package(folder, name, files):
    """Put a package with its metadata into a folder."""
    module, info = name.replace("-", "_"), folder / f"{name.replace('-', '_')}-99.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}\nVersion: 99.0\n")
    for path, text in files.items():
        (folder / module / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / module / path).write_text(text)
    (info / "RECORD").write_text("".join(f"{module}/{path},,\n" for path in files))


def test_parameters_values_types_and_regions_that_are_new_are_printed(tmp_path):
    """Actions that the models lack are named too; members of structs are no parameters."""
    models = {"_reboot_instance_request": REQUEST, "_describe_instances_full_status_request": STATUS}
    files = {f"models/{name}.py": text for name, text in models.items()}
    package(tmp_path, "alibabacloud-ecs20140526", {"client.py": CLIENT, **files})
    package(tmp_path, "alibabacloud-cms20190101", {"client.py": ""})
    printed = subprocess.run(
        [sys.executable, TOOL],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ).stdout.splitlines()
    lines = [line for line in printed if " is not in " not in line]
    assert lines == [
        "alibabacloud-ecs20140526 99.0",
        "alibabacloud-cms20190101 99.0",
        "DescribeInstancesFullStatus: Status may be Levitating",
        "RebootInstance has the parameter Mode",
        "the event type SystemMaintenance.Teleport is named in _reboot_instance_request",
        "the endpoint map has the region moon-south-1",
    ]
    assert "StopInstance is not in alibabacloud_ecs20140526" in printed
