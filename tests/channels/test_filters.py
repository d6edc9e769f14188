"""Which notifications a receiver gets: the conditions of an event rule."""

import warnings

import pytest
from printed import REBOOT

from pytest_ecsevents import BadArgumentError, EcsEvents, UnpublishedTypeWarning

SCHEDULED = f"Instance:{REBOOT}:Scheduled"


@pytest.fixture(scope="module")
def passed():
    """Return what passes each filter, of all that happens to two instances in two days."""

    def passed(**conditions):
        with EcsEvents() as ecs:
            ecs.instances.add("i-web1", resource_group_id="rg-web", instance_name="front")
            ecs.instances.add("i-db1", instance_name="back")
            subscription = ecs.subscribe(list, **conditions)
            ecs.create(REBOOT, "i-web1", not_before="+24h")
            ecs.create("SystemMaintenance.Stop", "i-db1", not_before="+24h", simulated=False)
            ecs.announce("Snapshot:CreateSnapshotCompleted", "i-db1")
            ecs.advance("2d")
            return [delivery.name for delivery in subscription.deliveries]

    return passed


ALL = [
    SCHEDULED,
    "Instance:SystemMaintenance.Stop:Scheduled",
    "Snapshot:CreateSnapshotCompleted",
    f"Instance:{REBOOT}:Executing",
    "Instance:SystemMaintenance.Stop:Executing",
    "Instance:StateChange",
    "Instance:StateChange",
    f"Instance:{REBOOT}:Executed",
    "Instance:SystemMaintenance.Stop:Executed",
]
OF_WEB = [name for name in ALL if REBOOT in name]


@pytest.mark.parametrize(
    ("conditions", "passes"),
    [
        ({}, lambda _: True),
        ({"names": None}, lambda _: True),
        ({"names": "*"}, lambda _: True),
        ({"names": []}, lambda _: True),
        ({"names": SCHEDULED}, lambda name: name == SCHEDULED),
        ({"names": [SCHEDULED, "Instance:StateChange"]}, lambda name: name in (SCHEDULED, "Instance:StateChange")),
        ({"levels": "CRITICAL"}, lambda name: "Maintenance" in name),
        ({"levels": ("INFO", "WARN")}, lambda name: "Maintenance" not in name),
        ({"levels": "*", "statuses": "*", "event_types": "*", "products": "*"}, lambda _: True),
        ({"statuses": "Scheduled"}, lambda name: name.endswith(":Scheduled")),
        ({"statuses": ["Normal"]}, lambda name: "Maintenance" not in name),
        ({"event_types": "Maintenance"}, lambda name: "Maintenance" in name),
        ({"event_types": {"StatusNotification", "Exception"}}, lambda name: "Maintenance" not in name),
        ({"products": "ecs"}, lambda _: True),
        ({"resource_groups": "rg-web"}, lambda name: name in OF_WEB),
        ({"resource_groups": "rg-other"}, lambda _: False),
        ({"keywords": "i-web1"}, lambda name: name in OF_WEB),
        ({"keywords": ["front", "no such word"]}, lambda name: name in OF_WEB),
        ({"keywords": "no such word"}, lambda _: False),
        ({"keywords": "i-web1", "keyword_relation": "NOT"}, lambda name: name not in OF_WEB),
        (
            {"levels": "CRITICAL", "statuses": "Executed", "keywords": "i-web1"},
            lambda n: n == f"Instance:{REBOOT}:Executed",
        ),
        ({"format": "eventbridge", "names": f"ecs:Instance:{REBOOT}"}, lambda name: name in OF_WEB),
    ],
)
def test_a_filter_lets_pass_what_meets_every_condition(passed, conditions, passes):
    """Values of one condition are alternatives; all conditions must match; `*` and an empty list match everything."""
    assert passed(**conditions) == [name for name in ALL if passes(name)]


@pytest.mark.parametrize(
    "name",
    [
        "Instance:SystemUpgrade.Migrate:Scheduled",
        "Disk:ErrorDetected:Executing",
        "Instance:SystemMaintenance.Reboot:Failed",
    ],
)
def test_a_name_by_the_grammar_is_known(ecs, name):
    """Each event type of the catalogue has a name in each status, whether a table lists the name or not."""
    assert ecs.subscribe(list, names=name).deliveries == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnpublishedTypeWarning)
        assert ecs.subscribe(list, names=f"ecs:{name.rpartition(':')[0]}", format="eventbridge").deliveries == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Instance:InstanceFailure.Reboot", "Instance:InstanceFailure.Reboot:Executed or "),
        ("Instance:SystemUpgrade.Migrate", "Instance:SystemUpgrade.Migrate:Scheduled"),
    ],
)
def test_a_name_without_its_status_is_completed(ecs, name, meant):
    """The error names the statuses that such an event can have."""
    with pytest.raises(BadArgumentError, match=rf"Unknown value '{name}' .* Did you mean .*{meant}"):
        ecs.subscribe(list, names=name)


def test_a_name_that_the_test_added_is_known(ecs):
    """Names that were published later match too."""
    ecs.notification_names.add("Instance:VSwitchChanged", level="INFO")
    subscription = ecs.subscribe(list, names="Instance:VSwitchChanged")
    ecs.announce("Instance:VSwitchChanged", "i-web1", {"instanceId": "i-web1"})
    assert len(subscription.deliveries) == 1


HINT = (
    " A rule takes whole names, and * for all of them. Add a name that was published later with "
    "ecs_events.notification_names.add(name, level=...)."
)


TYPES_HINT = ' EventBridge\'s types have no status; choose one with statuses="Scheduled". A rule takes whole types, and * for all.'


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        (
            {"names": "Instance:SystemMaintenance.Reboot:Schedulde"},
            f"Unknown value 'Instance:SystemMaintenance.Reboot:Schedulde' in `names`. Did you mean {SCHEDULED}?{HINT}",
        ),
        (
            {"names": "Instance:Nonesuch.Reboot:Scheduled"},
            f"Unknown value 'Instance:Nonesuch.Reboot:Scheduled' in `names`. Did you mean {SCHEDULED}?{HINT}",
        ),
        (
            {"names": "Disk:SystemMaintenance.Stop:Avoided"},
            "Unknown value 'Disk:SystemMaintenance.Stop:Avoided' in `names`. Did you mean "
            f"Instance:SystemMaintenance.Stop:Avoided?{HINT}",
        ),
        (
            {"names": SCHEDULED, "format": "eventbridge"},
            f"Unknown value '{SCHEDULED}' in `names`. Did you mean ecs:Instance:{REBOOT}?{TYPES_HINT}",
        ),
        (
            {"names": "ecs:Instance:StateChang", "format": "eventbridge"},
            "Unknown value 'ecs:Instance:StateChang' in `names`. Did you mean ecs:Instance:StateChange?" + TYPES_HINT,
        ),
        ({"names": 3}, "`names` must be a text or a list of texts, got 3."),
        ({"names": [SCHEDULED, ""]}, "`names` must be a text or a list of texts, got ''."),
        (
            {"levels": "CRITCAL"},
            "Unknown value 'CRITCAL' in `levels`. Expected one of: CRITICAL, WARN, INFO. Did you mean CRITICAL?",
        ),
        (
            {"statuses": "scheduled"},
            "Unknown value 'scheduled' in `statuses`. Expected one of: Inquiring, Scheduled, Executing, Executed, "
            "Avoided, Canceled, Failed, Normal, -. Did you mean Scheduled?",
        ),
        (
            {"event_types": "Maintenace"},
            "Unknown value 'Maintenace' in `event_types`. Expected one of: StatusNotification, Exception, Maintenance. "
            "Did you mean Maintenance?",
        ),
        (
            {"products": "slb"},
            "Unknown value 'slb' in `products`. Expected one of: ECS. No other product sends notifications here.",
        ),
        ({"keyword_relation": "AND"}, "keyword_relation is 'AND'. Pass one of: OR, NOT."),
    ],
)
def test_a_condition_that_nothing_could_meet_names_the_nearest(ecs, conditions, sentence):
    """A filter with a typing error would match nothing, so it raises an error."""
    with pytest.raises(BadArgumentError) as error:
        ecs.subscribe(list, **conditions)
    assert str(error.value) == sentence
