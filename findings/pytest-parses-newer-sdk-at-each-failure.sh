#!/usr/bin/env bash
# Where an error comes through the client of ECS of the newer SDK, pytest parses that client's 42,514 lines anew for each
# failed test, to show one statement of them: over a second each, and 150 MB in all. `--tb=native` does not.
# Seen with pytest 9.2.0 and alibabacloud-ecs20140526 7.11.8 on Python 3.11.7: six failures take 10 seconds of processor time
# more than with --tb=native, which takes less than 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 alibabacloud-ecs20140526==7.11.8
cd "$folder"
cat >test_calls.py <<'PYTHON'
import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import RebootInstanceRequest
from alibabacloud_tea_openapi.models import Config


@pytest.mark.parametrize("number", range(6))
def test_nobody_listens_there(number):
    config = Config(access_key_id="id", access_key_secret="secret", endpoint="127.0.0.1:9", protocol="http")
    Client(config).reboot_instance(RebootInstanceRequest(instance_id=f"i-{number}"))
PYTHON
cat >measure.py <<'PYTHON'
import resource
import subprocess
import sys


def taken(style):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "pytest", "-q", f"--tb={style}", "test_calls.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "6 failed" in done.stdout, done.stdout
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


taken("native")  # compiles what it loads
auto, native = taken("auto"), taken("native")
print(f"six failures: --tb=auto {auto:.1f} s, --tb=native {native:.1f} s")
sys.exit(auto < 3 * native)
PYTHON
venv/bin/python measure.py
