"""The unchanged program, run weeks before its NotBefore of September 2018; the test follows the events to their end."""

import json
import re
import runpy
from pathlib import Path

import pytest
import simulate_system_events
from aliyunsdkcore.acs_exception.exceptions import ServerException

pytestmark = [
    pytest.mark.ecs_clock(start="2018-08-22T10:39:49Z"),
    pytest.mark.ecs_instance("i-2zegswzznxbp168sc5c9"),
    pytest.mark.ecs_instance("i-2zeimxypwhnj04sbgf5t"),
]

SCRIPT = Path(simulate_system_events.__file__)


def test_as_a_script(ecs_events, capsys):
    """`python simulate_system_events.py` prints both events' ids, and a reply with only a RequestId."""
    runpy.run_path(str(SCRIPT), run_name="__main__")

    *event_ids, cancel_reply = capsys.readouterr().out.splitlines()
    assert event_ids == [event.event_id for event in ecs_events]
    assert len(event_ids) == 2
    assert all(re.fullmatch(r"e-2ze[0-9a-z]{17}", event_id) for event_id in event_ids)
    assert list(json.loads(cancel_reply)) == ["RequestId"]


def test_imported(ecs_events):
    """The first event ends Canceled; the second one is executed on its day."""
    simulate_system_events.main()

    first, second = ecs_events
    assert first.instance_id == "i-2zegswzznxbp168sc5c9"
    assert second.instance_id == "i-2zeimxypwhnj04sbgf5t"
    assert first.status == "Canceled"
    assert second.status == "Scheduled"

    ecs_events.advance_to("2018-09-01T00:00:00Z")
    assert second.status == "Executing"

    ecs_events.advance(seconds=1)
    assert second.status == "Executed"
    assert [step.to_status for step in second.history] == ["Scheduled", "Executing", "Executed"]
    assert first.status == "Canceled"


def test_function_by_function(ecs_events):
    """Each function can be called separately, and its calls inspected."""
    client = simulate_system_events.connect()
    event_ids = simulate_system_events.create_events(client)
    assert [ecs_events[event_id].status for event_id in event_ids] == ["Scheduled", "Scheduled"]

    simulate_system_events.cancel_event(client, event_ids[0])
    ecs_events.assert_called(
        "CreateSimulatedSystemEvents",
        times=1,
        region_id="cn-beijing",
        event_type="SystemMaintenance.Reboot",
        not_before="2018-09-01T00:00:00Z",
    )
    ecs_events.assert_called("CancelSimulatedSystemEvents", times=1, event_id=event_ids[0])


def test_too_late(ecs_events):
    """Run after its NotBefore, the program gets the SDK's own exception, and no event is published."""
    ecs_events.advance_to("2018-09-01T00:00:01Z")

    with pytest.raises(ServerException, match=r"InvalidNotBefore\.Passed"):
        simulate_system_events.main()

    assert not list(ecs_events)
