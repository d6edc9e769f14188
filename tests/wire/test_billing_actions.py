"""RenewInstance and ReActivateInstances."""

import pytest


@pytest.fixture
def subscription(ecs_events):
    """A subscription that ends on 20 January."""
    return ecs_events.instances.add("i-sub1", instance_charge_type="PrePaid", expired_time="2030-01-20T16:00Z")


@pytest.fixture
def expires(call):
    """Return when DescribeInstances says that an instance expires."""

    def expires(instance_id):
        return call("DescribeInstances", InstanceIds=[instance_id])["Instances"]["Instance"][0]["ExpiredTime"]

    return expires


def renewed(call, **params):
    """Renew the subscription; returns the reply."""
    return call("RenewInstance", {"InstanceId": "i-sub1", **params})


# -- RenewInstance


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"Period": "1"}, "2030-02-20T16:00Z"),
        ({"Period": "12", "PeriodUnit": "Month"}, "2031-01-20T16:00Z"),
        ({"Period": "2", "PeriodUnit": "Week"}, "2030-02-03T16:00Z"),
    ],
)
def test_a_renewal_moves_the_end(call, subscription, expires, params, expected):
    """By weeks or by months, which are the default; the reply has an order."""
    reply = renewed(call, **params)
    assert (set(reply), reply["OrderId"].isdigit()) == ({"OrderId", "RequestId"}, True)
    assert expires("i-sub1") == expected


def test_a_late_renewal_counts_from_now(call, ecs_events, subscription, expires):
    """The time since the end is not paid for."""
    ecs_events.advance_to("2030-01-25T00:00:00Z")
    renewed(call, Period="1")
    assert expires("i-sub1") == "2030-02-25T00:00Z"


@pytest.mark.parametrize("event_type", ["InstanceExpiration.Stop", "InstanceExpiration.Delete"])
def test_a_renewal_avoids_the_expiry(call, ecs_events, subscription, event_type):
    """As by the test's own `renew`; the cause is the call."""
    event = ecs_events.create(event_type, subscription, simulated=False)
    renewed(call, Period="1")
    ecs_events.assert_avoided(event, by="RenewInstance")


def test_a_renewal_unlocks_an_instance_that_expired(call, ecs_events, subscription):
    """It stays Stopped, and can be started."""
    ecs_events.create("InstanceExpiration.Stop", subscription, not_before="+1h", simulated=False)
    ecs_events.advance("2h")
    assert [lock["LockReason"] for lock in locks(call)] == ["financial"]
    renewed(call, Period="1")
    assert (subscription.status, locks(call)) == ("Stopped", [])
    call("StartInstance", InstanceId="i-sub1")
    assert subscription.status == "Running"


def locks(call):
    """Return the locks of the subscription."""
    return call("DescribeInstances", InstanceIds=["i-sub1"])["Instances"]["Instance"][0]["OperationLocks"]["LockReason"]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({}, (400, "InvalidPeriod")),
        ({"Period": "10"}, (400, "InvalidPeriod")),
        ({"Period": "0"}, (400, "InvalidPeriod")),
        ({"Period": "5", "PeriodUnit": "Week"}, (400, "InvalidPeriod")),
        ({"Period": "1", "PeriodUnit": "Year"}, (400, "InvalidPeriodUnit.ValueNotSupported")),
        ({"ExpectedRenewDay": "5"}, (400, "InvalidPeriod")),
        ({"ExpectedRenewDay": "29"}, (400, "InvalidPeriod")),
        ({"Period": "1", "ClientToken": "t" * 65}, (400, "InvalidClientToken.ValueNotSupported")),
        ({"Period": "1", "InstanceId": "i-none"}, (404, "InvalidInstanceId.NotFound")),
        ({"Period": "1", "InstanceId": "i-web1"}, (403, "ChargeTypeViolation")),
        ({"Period": "1", "InstanceId": "i-locked"}, (403, "InstanceLockedForSecurity")),
        ({"Period": "1", "InstanceId": ""}, (404, "MissingParameter")),
    ],
)
def test_what_a_renewal_refuses(refused, ecs_events, web1, subscription, expires, params, refusal):  # noqa: PLR0917  # fixtures
    """Nothing is renewed then."""
    ecs_events.instances.add("i-locked", instance_charge_type="PrePaid", operation_locks=["security"])
    assert refused("RenewInstance", {"InstanceId": "i-sub1", **params})[:2] == refusal
    assert expires("i-sub1") == "2030-01-20T16:00Z"


def test_a_repeated_renewal_is_one(call, ecs_events, subscription, expires):
    """With the same ClientToken the instance is renewed once."""
    first, again = (renewed(call, Period="1", ClientToken="once") for _ in range(2))
    assert first["OrderId"] == again["OrderId"]
    assert expires("i-sub1") == "2030-02-20T16:00Z"


# -- ReActivateInstances


def test_an_instance_in_arrears_is_started_again(call, ecs_events, web1):
    """The lock is removed, and events that are still to come become Avoided."""
    ecs_events.create("AccountUnbalanced.Stop", web1, not_before="+1h", simulated=False)
    later = ecs_events.create("AccountUnbalanced.Delete", web1, not_before="+15d", simulated=False)
    ecs_events.advance("2h")
    assert ecs_events.instances["i-web1"].status == "Stopped"
    assert set(call("ReActivateInstances", {"InstanceId": "i-web1"})) == {"RequestId"}
    assert ecs_events.instances["i-web1"].status == "Running"
    ecs_events.assert_avoided(later, by="ReActivateInstances")


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"status": "Stopped", "instance_charge_type": "PrePaid"}, (404, "InvalidPayType.NotSupport")),
        ({"status": "Stopped", "operation_locks": ["security"]}, (403, "InstanceLockedForSecurity")),
        ({"status": "Running", "operation_locks": ["financial"]}, (403, "IncorrectInstanceStatus")),
        ({"status": "Stopped"}, (400, "ReopenInstance.InstanceStatusNotValid")),
    ],
)
def test_what_cannot_be_reactivated(refused, ecs_events, attributes, refusal):
    """It must be PostPaid, Stopped, and locked because of arrears."""
    instance = ecs_events.instances.add("i-other", **attributes)
    assert refused("ReActivateInstances", {"InstanceId": "i-other"})[:2] == refusal
    assert instance.status == attributes["status"]


def test_an_unknown_instance_cannot_be_reactivated(refused):
    """Its id is not found."""
    assert refused("ReActivateInstances", {"InstanceId": "i-none"})[:2] == (404, "InvalidInstanceId.NotFound")
