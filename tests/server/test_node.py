"""Programs in another language: both SDKs for Node of Alibaba Cloud call the same cloud.

Node searches for them as usual: install them anywhere, and set NODE_PATH.
"""

import json
import shutil
import subprocess

import pytest

POP_CORE = """
const Core = require("@alicloud/pop-core");
const client = new Core({
  accessKeyId: "ak", accessKeySecret: "secret", endpoint: `http://${process.argv[2]}`, apiVersion: "2014-05-26",
});
(async () => {
  const post = { method: "POST" };
  const asked = { RegionId: "cn-hangzhou", "InstanceEventCycleStatus.1": "Scheduled" };
  const reply = await client.request("DescribeInstanceHistoryEvents", asked, post);
  const ids = reply.InstanceSystemEventSet.InstanceSystemEventType.map((event) => event.InstanceId);
  for (const id of ids) await client.request("RebootInstance", { InstanceId: id });
  const code = await client.request("RebootInstance", { InstanceId: "i-none" }, post).catch((error) => error.code);
  console.log(JSON.stringify({ ids, code }));
})();
"""

ECS = """
const { default: Client, ...models } = require("@alicloud/ecs20140526");
const { $OpenApiUtil } = require("@alicloud/openapi-core");
const client = new Client(new $OpenApiUtil.Config({
  accessKeyId: "ak", accessKeySecret: "secret", endpoint: process.argv[2], protocol: "http", regionId: "cn-hangzhou",
}));
(async () => {
  const asked = { regionId: "cn-hangzhou", instanceEventCycleStatus: ["Scheduled"] };
  const reply = await client.describeInstanceHistoryEvents(new models.DescribeInstanceHistoryEventsRequest(asked));
  const ids = reply.body.instanceSystemEventSet.instanceSystemEventType.map((event) => event.instanceId);
  const reboot = (instanceId) => client.rebootInstance(new models.RebootInstanceRequest({ instanceId }));
  for (const id of ids) await reboot(id);
  const code = await reboot("i-none").catch((error) => error.code);
  console.log(JSON.stringify({ ids, code }));
})();
"""

NODE = shutil.which("node")
PROGRAMS = {"@alicloud/pop-core": POP_CORE, "@alicloud/ecs20140526": ECS}


def can_load(package):
    """Return whether there is a Node that finds the package."""
    asked = [NODE, "-e", f"require.resolve('{package}')"]
    return NODE is not None and subprocess.run(asked, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("package", PROGRAMS)
def test_a_program_for_node_avoids_an_event(ecs, tmp_path, package):
    """It polls, reboots, and reads errors as its SDK does."""
    if not can_load(package):
        pytest.skip(f"node or {package} is not installed")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    program = tmp_path / "poller.js"
    program.write_text(PROGRAMS[package])

    ended = subprocess.run([NODE, str(program), ecs.endpoint], check=True, capture_output=True, text=True)

    assert json.loads(ended.stdout) == {"ids": ["i-web1"], "code": "InvalidInstanceId.NotFound"}
    assert event.status == "Avoided"
    assert [call.action for call in ecs.calls] == ["DescribeInstanceHistoryEvents", "RebootInstance", "RebootInstance"]
