// Reboots instances before their planned maintenance, so that it happens when the program likes.
const { default: Client, ...models } = require("@alicloud/ecs20140526");
const { $OpenApiUtil } = require("@alicloud/openapi-core");

const AHEAD = 12 * 3600 * 1000; // milliseconds before NotBefore

function makeClient(settings = {}) {
  return new Client(new $OpenApiUtil.Config({
    accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
    accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
    regionId: "cn-hangzhou",
    ...settings,
  }));
}

async function poll(client, now = new Date()) {
  const request = new models.DescribeInstanceHistoryEventsRequest({
    regionId: "cn-hangzhou",
    instanceEventCycleStatus: ["Scheduled"],
    instanceEventType: ["SystemMaintenance.Reboot"],
  });
  const reply = await client.describeInstanceHistoryEvents(request);
  const rebooted = [];
  for (const event of reply.body.instanceSystemEventSet.instanceSystemEventType) {
    if (new Date(event.notBefore) - now > AHEAD) continue;
    try {
      await client.rebootInstance(new models.RebootInstanceRequest({ instanceId: event.instanceId }));
      rebooted.push(event.instanceId);
    } catch (error) {
      if (!/^Throttling/.test(error.code)) throw error; // the next poll tries again
    }
  }
  return rebooted;
}

module.exports = { makeClient, poll };
