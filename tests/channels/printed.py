"""What the documentation prints about notifications: the table of names, and an example of each kind."""

REBOOT = "SystemMaintenance.Reboot"

NAMES = """\
Disk:ConvertToPostpaidCompleted,StatusNotification,Normal,INFO,S5
Disk:DiskOperationCompleted,StatusNotification,Normal,INFO,S5
Disk:ErrorDetected:Executed,Exception,Executed,CRITICAL,S5
Disk:ErrorDetected:Executing,Exception,Executing,CRITICAL,S5
Disk:OverduePaymentRelease,StatusNotification,Normal,CRITICAL,S5
Disk:Stalled:Executed,Exception,Executed,CRITICAL,S5+S6
Disk:Stalled:Executing,Exception,Executing,CRITICAL,S5+S6
Instance:BurstablePerformanceRestricted,StatusNotification,Normal,WARN,S5
Instance:InstanceFailure.Reboot:Executed,Exception,Executed,CRITICAL,S5+S6
Instance:InstanceFailure.Reboot:Executing,Exception,Executing,CRITICAL,S5+S6
Instance:LiveMigrationAcrossDDH,StatusNotification,-,INFO,S5
Instance:PerformanceModeChange,StatusNotification,Normal,INFO,S5
Instance:PreemptibleInstanceInterruption,StatusNotification,Normal,WARN,S5
Instance:Security.TpmAlert:Executed,Exception,Executed,WARN,S5
Instance:Security.TpmAlert:Executing,Exception,Executing,WARN,S5
Instance:StateChange,StatusNotification,Normal,INFO,S5
Instance:SystemFailure.Delete:Avoided,Exception,Avoided,CRITICAL,S5
Instance:SystemFailure.Delete:Executed,Exception,Executed,CRITICAL,S5
Instance:SystemFailure.Delete:Executing,Exception,Executing,CRITICAL,S5
Instance:SystemFailure.Reboot:Executed,Exception,Executed,CRITICAL,S5+S6
Instance:SystemFailure.Reboot:Executing,Exception,Executing,CRITICAL,S5+S6
Instance:SystemFailure.Reboot:Failed,Exception,Failed,CRITICAL,S5
Instance:SystemFailure.Redeploy:Avoided,Exception,Avoided,CRITICAL,S5
Instance:SystemFailure.Redeploy:Canceled,Exception,Canceled,CRITICAL,S5
Instance:SystemFailure.Redeploy:Executed,Exception,Executed,CRITICAL,S5
Instance:SystemFailure.Redeploy:Executing,Exception,Executing,CRITICAL,S5
Instance:SystemFailure.Redeploy:Scheduled,Exception,Scheduled,CRITICAL,S5
Instance:SystemFailure.Stop:Executed,Exception,Executed,CRITICAL,S5
Instance:SystemFailure.Stop:Executing,Exception,Executing,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Failed,Maintenance,Failed,CRITICAL,S5
Instance:SystemMaintenance.IsolateErrorDisk:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.PerformanceImpact:Executed,Maintenance,Executed,WARN,S5+S6
Instance:SystemMaintenance.PerformanceImpact:Executing,Maintenance,Executing,WARN,S5+S6
Instance:SystemMaintenance.ReInitErrorDisk:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.ReInitErrorDisk:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.ReInitErrorDisk:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.ReInitErrorDisk:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.ReInitErrorDisk:Failed,Maintenance,Failed,CRITICAL,S5
Instance:SystemMaintenance.ReInitErrorDisk:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.Reboot:Avoided,Maintenance,Avoided,CRITICAL,S5+S6
Instance:SystemMaintenance.Reboot:Canceled,Maintenance,Canceled,CRITICAL,S5+S6
Instance:SystemMaintenance.Reboot:Executed,Maintenance,Executed,CRITICAL,S5+S6
Instance:SystemMaintenance.Reboot:Executing,Maintenance,Executing,CRITICAL,S5+S6
Instance:SystemMaintenance.Reboot:Failed,Maintenance,Failed,CRITICAL,S5+S6
Instance:SystemMaintenance.Reboot:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.Reboot:Scheduled,Maintenance,Scheduled,CRITICAL,S5+S6
Instance:SystemMaintenance.RebootAndIsolateErrorDisk:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.RebootAndIsolateErrorDisk:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.RebootAndIsolateErrorDisk:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.RebootAndIsolateErrorDisk:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.RebootAndIsolateErrorDisk:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.RebootAndReInitErrorDisk:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.RebootAndReInitErrorDisk:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.RebootAndReInitErrorDisk:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.RebootAndReInitErrorDisk:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.RebootAndReInitErrorDisk:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Inquiring,Maintenance,Inquiring,CRITICAL,S5
Instance:SystemMaintenance.Redeploy:Scheduled,Maintenance,Scheduled,CRITICAL,S5
Instance:SystemMaintenance.Stop:Avoided,Maintenance,Avoided,CRITICAL,S5
Instance:SystemMaintenance.Stop:Canceled,Maintenance,Canceled,CRITICAL,S5
Instance:SystemMaintenance.Stop:Executed,Maintenance,Executed,CRITICAL,S5
Instance:SystemMaintenance.Stop:Executing,Maintenance,Executing,CRITICAL,S5
Instance:SystemMaintenance.Stop:Failed,Maintenance,Failed,CRITICAL,S5
Instance:SystemMaintenance.Stop:Scheduled,Maintenance,Scheduled,CRITICAL,S5
Snapshot:CreateSnapshotCompleted,StatusNotification,Normal,INFO,S5
Disk:StateChange,StatusNotification,Normal,INFO,S6
Image:StateChange,StatusNotification,Normal,INFO,S6
Instance:AccountUnbalanced.Delete:Avoided,(empty),Avoided,INFO,S6
Instance:AccountUnbalanced.Delete:Canceled,(empty),Canceled,WARN,S6
Instance:AccountUnbalanced.Delete:Executed,(empty),Executed,CRITICAL,S6
Instance:AccountUnbalanced.Delete:Executing,(empty),Executing,CRITICAL,S6
Instance:AccountUnbalanced.Delete:Failed,(empty),Failed,WARN,S6
Instance:AccountUnbalanced.Delete:Scheduled,(empty),Scheduled,CRITICAL,S6
Instance:AccountUnbalanced.PerformanceAffect:Avoided,(empty),Avoided,INFO,S6
Instance:AccountUnbalanced.PerformanceAffect:Canceled,(empty),Canceled,WARN,S6
Instance:AccountUnbalanced.PerformanceAffect:Executed,(empty),Executed,CRITICAL,S6
Instance:AccountUnbalanced.PerformanceAffect:Executing,(empty),Executing,CRITICAL,S6
Instance:AccountUnbalanced.PerformanceAffect:Failed,(empty),Failed,WARN,S6
Instance:AccountUnbalanced.PerformanceAffect:Scheduled,(empty),Scheduled,CRITICAL,S6
Instance:AccountUnbalanced.Stop:Avoided,(empty),Avoided,INFO,S6
Instance:AccountUnbalanced.Stop:Canceled,(empty),Canceled,WARN,S6
Instance:AccountUnbalanced.Stop:Executed,(empty),Executed,CRITICAL,S6
Instance:AccountUnbalanced.Stop:Executing,(empty),Executing,CRITICAL,S6
Instance:AccountUnbalanced.Stop:Failed,(empty),Failed,WARN,S6
Instance:AccountUnbalanced.Stop:Scheduled,(empty),Scheduled,CRITICAL,S6
Instance:InstanceExpiration.Delete:Avoided,(empty),Avoided,INFO,S6
Instance:InstanceExpiration.Delete:Canceled,(empty),Canceled,WARN,S6
Instance:InstanceExpiration.Delete:Executed,(empty),Executed,CRITICAL,S6
Instance:InstanceExpiration.Delete:Executing,(empty),Executing,CRITICAL,S6
Instance:InstanceExpiration.Delete:Failed,(empty),Failed,WARN,S6
Instance:InstanceExpiration.Delete:Scheduled,(empty),Scheduled,CRITICAL,S6
Instance:InstanceExpiration.Stop:Avoided,(empty),Avoided,INFO,S6
Instance:InstanceExpiration.Stop:Canceled,(empty),Canceled,WARN,S6
Instance:InstanceExpiration.Stop:Executed,(empty),Executed,CRITICAL,S6
Instance:InstanceExpiration.Stop:Executing,(empty),Executing,CRITICAL,S6
Instance:InstanceExpiration.Stop:Failed,(empty),Failed,WARN,S6
Instance:InstanceExpiration.Stop:Scheduled,(empty),Scheduled,CRITICAL,S6
NetworkInterface:StateChange,StatusNotification,Normal,INFO,S6
"""
"""name, event type, status, level, source: the appendix of 2020 (S5), the sample of DescribeSystemEventMetaList (S6)."""

ENVELOPE = {
    "ver": "1.0",
    "id": "2256A988-0B26-4E2B-820A-8A0580D0B8E5",
    "product": "ECS",
    "resourceId": "acs:ecs:cn-hangzhou:1690700000000030:instance/i-bp1ecr5go2go",
    "level": "CRITICAL",
    "name": "Instance:SystemMaintenance.Reboot:Scheduled",
    "userId": "1690700000000030",
    "eventTime": "20190409T121826.922+0800",
    "regionId": "cn-hangzhou",
    "content": {
        "eventId": "e-bp11trdpqum2",
        "publishTime": "2019-04-09T04:18:26Z",
        "notBefore": "2019-04-12T01:01:01Z",
        "instanceId": "i-bp1ecr5go2go",
        "eventType": "SystemMaintenance.Reboot",
        "eventStatus": "Scheduled",
    },
}
"""The whole of a maintenance event's notification; masked ids filled in."""

CALLBACK_KEYS = frozenset(
    {
        "resourceId",
        "product",
        "ver",
        "instanceName",
        "level",
        "groupId",
        "eventType",
        "userId",
        "content",
        "regionId",
        "eventTime",
        "name",
        "id",
        "status",
    }
)
"""The keys of the callback's sample, but for the name of its rule."""

TEST_PAYLOAD_KEYS = frozenset(
    {"product", "resourceId", "level", "instanceName", "regionId", "groupId", "name", "content", "status"}
)
"""The keys of the payload with which the console tests a subscription."""

AVOIDED = {
    "eventId": "e-bp11trdrqum2",
    "publishTime": "2019-04-09T04:18:26Z",
    "notBefore": "2019-04-12T01:01:01Z",
    "instanceId": "i-bp1ecr5go2go",
    "eventType": "SystemMaintenance.Reboot",
    "eventStatus": "Avoided",
    "executeStartTime": "2019-04-10T08:01:01Z",
    "executeFinishTime": "2019-04-10T08:01:01Z",
}

DISK = {
    "eventId": "e-t4navn76x5no",
    "diskId": "d-t4ndyqven4ds",
    "device": "/dev/xvdb",
    "eventType": "Stalled",
    "executeStartTime": "2019-04-10T01:01:01Z",
    "ecsInstanceId": "i-bp1ecr5go2go",
    "ecsInstanceName": "ecs-instance-name",
}

STATE = {
    "resourceId": "i-j6c9pagb27uzlikj",
    "instanceName": "web",
    "instanceType": "ecs.c6.large",
    "state": "Deleted",
    "privateIpAddress": "10.48.0.1",
    "publicIpAddress": "",
    "resourceType": "ALIYUN::ECS::Instance",
}

LATER = """\
Instance:InstanceFailure.Alert:Executed,Exception,Executed,WARN,2020
Instance:SurplusCreditIncurCharge,StatusNotification,Normal,WARN,2020
Instance:SystemMaintenance.PerformanceImpact:Scheduled,Maintenance,Scheduled,WARN,events
Instance:VSwitchChanged,StatusNotification,Normal,INFO,2025
NetworkInterface:NetworkInterfaceOperateCompleted,StatusNotification,Normal,INFO,2025
NetworkInterface:PrivateIPAssigned,StatusNotification,Normal,INFO,2025
NetworkInterface:PrivateIPUnassigned,StatusNotification,Normal,INFO,2025
NetworkInterface:PrivateIPv6Assigned,StatusNotification,Normal,INFO,2025
NetworkInterface:PrivateIPv6Unassigned,StatusNotification,Normal,INFO,2025
"""
"""Names of other lists than those of `NAMES`."""

CONTENTS = {
    "Instance:PreemptibleInstanceInterruption": {"instanceId": "i-bp1ecr5go2go", "action": "delete"},
    "Instance:LiveMigrationAcrossDDH": {
        "instanceId": "i-bp1ecr5go2go",
        "sourceDedicatedHostId": "dh-2ze3lmt8nr82",
        "destinationDedicatedHostId": "dh-2ze3lmt8nr83",
        "startTime": "2018-06-08T01:25:37Z",
        "endTime": "2018-06-08T01:25:45Z",
        "status": "accomplished",
    },
    "Instance:PerformanceModeChange": {
        "instanceId": "i-bp1ecr5go2go",
        "creditSpecification": "Unlimited",
        "operator": "System",
    },
    "Instance:BurstablePerformanceRestricted": {
        "instanceId": "i-bp1ecr5go2go",
        "intervalStart": "2019-11-11T11:00Z",
        "intervalEnd": "2019-11-11T12:00Z",
    },
    "Instance:VSwitchChanged": {
        "instanceId": "i-bp1ecr5go2go",
        "vswitchId": "vsw-bp1ecr5go2go",
        "privateIpAddress": "172.16.0.11",
        "vpcId": "vpc-bp1ecr5go2go",
        "secondaryPrivateIps": [],
    },
    "NetworkInterface:PrivateIPAssigned": {
        "eniId": "eni-bp1ecr5go2go",
        "primaryPrivateIp": "172.16.0.11",
        "secondaryPrivateIps": [],
        "ipv4Prefixes": [],
    },
    "Disk:DiskOperationCompleted": {
        "diskId": "d-bp1bq5g3dxxo1x4o",
        "operation": "AttachDisk",
        "result": "accomplished",
    },
    "Disk:ConvertToPostpaidCompleted": {"diskId": "d-bp1bq5g3dxxo1x4o", "result": "accomplished"},
    "Disk:OverduePaymentRelease": {"instanceId": "i-bp1ecr5go2go", "diskId": "d-bp1bq5g3dxxo1x4o"},
    "Snapshot:CreateSnapshotCompleted": {
        "result": "accomplished",
        "snapshotId": "s-bp1bq5g3dxxo1x4o",
        "snapshotName": "test-snapshot",
        "snapshotType": "user",
        "diskId": "d-bp1bq5g3dxxo1x4o",
        "startTime": "2019-04-22T08:36:09Z",
        "endTime": "2019-04-22T08:37:11Z",
    },
}
"""Contents of what is no system event."""

SUBSCRIPTION = {
    "userInfo": {
        "aliyunId": "",
        "userIdSec": "",
        "aliyunIdSec": "",
        "nickName": "",
        "nickNameSec": "",
        "userName": "",
        "userId": "1208863178610000",
        "userNameSec": "",
    },
    "subscription": {
        "subscriptionUuid": "6a3b",
        "conditions": [
            {"field": "source", "op": "EQ", "value": "SYS_EVENT"},
            {"field": "product", "op": "IN", "value": "ECS"},
        ],
        "relation": "AND",
    },
    "batchId": "",
    "alert": {
        "alertStatus": "TRIGGERED",
        "groupId": "0",
        "source": "SYS_EVENT",
        "eventContentMap": {"resourceId": "i-1", "resourceType": "ALIYUN::ECS::Instance", "state": "Stopping"},
        "dedupId": "",
        "eventName": "Instance:StateChange",
        "arn": "acs:ecs:cn-hangzhou:1208863178610000:instance/i-1",
        "timestamp": 1725953000000,
        "traceId": "",
        "severity": "INFO",
        "product": "ECS",
        "eventRawContent": '{"resourceId":"i-1","resourceType":"ALIYUN::ECS::Instance","state":"Stopping"}',
        "eventType": "StatusNotification",
        "userId": "1208863178610000",
        "meta": {
            "sysEventMeta": {
                "regionNameEn": "cn-hangzhou",
                "resourceId": "acs:ecs:cn-hangzhou:1208863178610000:instance/i-1",
                "product": "ECS",
                "eventNameEn": "",
                "instanceName": "",
                "level": "INFO",
                "resource": "",
                "regionNameZh": "",
                "groupId": "0",
                "serviceTypeEn": "ECS",
                "eventType": "StatusNotification",
                "serviceTypeZh": "",
                "regionId": "cn-hangzhou",
                "eventTime": "20240910T152320.000+0800",
                "name": "Instance:StateChange",
                "id": "",
                "status": "Normal",
                "eventNameZh": "",
            }
        },
    },
    "severity": "INFO",
    "strategyName": "",
    "userId": "1208863178610000",
    "time": 1725953000000,
}
"""The document of an event subscription's webhook; "" where the documentation has no value of its own."""

CLOUD_EVENT = {
    "id": "45ef4dewdwe1-7c35-447a-bd93-fab",
    "source": "acs.ecs",
    "specversion": "1.0",
    "subject": "acs.ecs:cn-hangzhou:1234567890980000:215672",
    "time": "2020-11-19T21:04:41+08:00",
    "type": "ecs:Instance:PreemptibleInstanceInterruption",
    "aliyunaccountid": "1234567890980000",
    "aliyunpublishtime": "2020-11-19T21:04:42Z",
    "aliyuneventbusname": "default",
    "aliyunregionid": "cn-hangzhou",
    "aliyunpublishaddr": "172.25.XX.XX",
    "data": {"instanceId": "i-bp1ecr5go2go", "action": "delete"},
}
"""EventBridge's example."""
