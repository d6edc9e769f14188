"""What the sources of DescribeInstanceHistoryEvents dispute: the setting `history`, and the check `portability`."""

import pytest

from pytest_ecsevents import BadArgumentError, EcsEvents, PortabilityError

ACTION = "DescribeInstanceHistoryEvents"
PENDING = ["Scheduled"]


@pytest.fixture
def ask(new_sdk):
    """Query the history in an open cloud: `ask(PageNumber=2)`; return the ids and the TotalCount."""

    def ask(**params):
        reply = new_sdk().call(ACTION, **params)
        events = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return [event["EventId"] for event in events], reply["TotalCount"]

    return ask


class TestSetting:
    def test_the_reference_lists_what_has_ended(self, ask):
        """That is the default."""
        with EcsEvents() as ecs:
            ecs.instances.add("i-web1")
            event = ecs.create("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h")
            assert ask() == ([], 0)
            ecs.advance("2h")
            assert ask() == ([event.event_id], 1)

    def test_pending_lists_what_has_not_ended_beside_a_count_of_zero(self, ask):
        """With statuses the two settings answer alike."""
        with EcsEvents(history="pending") as ecs:
            ecs.instances.add("i-web1")
            event = ecs.create("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h")
            assert ask() == ([event.event_id], 0)
            assert ask(InstanceEventCycleStatuss=PENDING) == ([event.event_id], 1)
            ecs.advance("2h")
            assert ask() == ([], 0)
            assert ask(EventCycleStatus="Executed") == ([event.event_id], 1)

    def test_another_word_is_refused(self):
        """The message names both."""
        with pytest.raises(BadArgumentError, match="reference, pending"):
            EcsEvents(history="both")

    def test_marker_and_ini_file_choose_it(self, pytester):
        """The marker of a test overrides the ini file."""
        pytester.makeini("[pytest]\necs_events_history = pending")
        pytester.makepyfile(
            """
            import json
            import pytest
            from aliyunsdkcore.client import AcsClient
            from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import (
                DescribeInstanceHistoryEventsRequest,
            )

            def listed():
                request = DescribeInstanceHistoryEventsRequest()
                reply = json.loads(AcsClient("ak", "secret", "cn-hangzhou").do_action_with_exception(request))
                return len(reply["InstanceSystemEventSet"]["InstanceSystemEventType"])

            @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
            def test_ini(ecs_events):
                assert listed() == 1

            @pytest.mark.ecs_clock(history="reference")
            @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
            def test_marker(ecs_events):
                assert listed() == 0
            """
        )
        pytester.runpytest_inprocess().assert_outcomes(passed=2)


class TestCheck:
    @pytest.fixture
    def found(self, ask):
        """Return what the check finds in a function's calls, in a cloud with that many Scheduled events."""

        def found(calls, number=0):
            with EcsEvents(strict=["portability"]) as ecs:
                ecs.instances.add("i-web1")
                for _ in range(number):
                    ecs.create("SystemMaintenance.Reboot", instance_id="i-web1")
                calls(ask)

        return found

    def test_it_is_off_by_default(self, ask):
        """Calls that it would refuse pass."""
        with EcsEvents():
            ask()

    def test_a_call_without_statuses_fails(self, found):
        """The error has the caller's line once, both readings, and what to send."""
        with pytest.raises(PortabilityError) as error:
            found(lambda ask: [ask(), ask()])
        assert str(error.value).count("tests/wire/conftest.py:") == 1
        assert "names no status" in str(error.value)
        assert "Send InstanceEventCycleStatus" in str(error.value)
        assert 'ecs_events.strict -= {"portability"}' in str(error.value)

    @pytest.mark.parametrize("statuses", [{"InstanceEventCycleStatuss": PENDING}, {"EventCycleStatus": "Scheduled"}])
    def test_a_call_with_statuses_passes(self, found, statuses):
        """Either parameter names them."""
        found(lambda ask: ask(**statuses), number=3)

    def test_paging_that_ends_by_the_total_fails(self, found):
        """Its last page was full, and it requested no further one: in each of two passes, reported once."""

        def pages(ask):
            for number in (1, 2, 1, 2):
                ask(InstanceEventCycleStatuss=PENDING, PageNumber=number, PageSize=2)

        with pytest.raises(PortabilityError, match="TotalCount may be 0") as error:
            found(pages, number=4)
        assert str(error.value).count("  - at ") == 1

    @pytest.mark.parametrize(("number", "last"), [(4, 3), (3, 2), (0, 1)])
    def test_paging_until_a_page_is_not_full_passes(self, found, number, last):
        """It ends with the first page that has fewer events than PageSize."""

        def pages(ask):
            for page in range(1, last + 1):
                ask(InstanceEventCycleStatuss=PENDING, PageNumber=page, PageSize=2)

        found(pages, number=number)

    def test_paging_by_token_passes(self, found):
        """It ends when the reply has no token."""
        found(lambda ask: ask(InstanceEventCycleStatuss=PENDING, MaxResults=10), number=10)

    def test_a_refused_call_is_no_page(self, found):
        """The service has listed no events."""

        def refused(ask):
            with pytest.raises(Exception, match="InvalidParameter"):
                ask(InstanceEventCycleStatuss=PENDING, PageNumber=0)

        found(refused)

    def test_xml_is_counted_as_well(self, found, new_sdk):
        """The reply's format does not matter."""

        def asked(_ask):
            request = new_sdk().request(ACTION, InstanceEventCycleStatuss=PENDING, PageSize=1)
            request.set_accept_format("XML")
            body = new_sdk().client.get_response(request)[2]  # `do_action_with_exception` would ask for JSON
            assert b"<InstanceSystemEventType>" in body

        with pytest.raises(PortabilityError, match="TotalCount may be 0"):
            found(asked, number=1)
