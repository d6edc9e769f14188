"""Notifications delivered to functions: their time, order, network faults and errors."""

import asyncio
import contextlib
import threading
import time
from datetime import timedelta

import pytest
from printed import REBOOT

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    EcsEventsError,
    ReceiverError,
    StandingClockError,
    StuckHandlerError,
)
from pytest_ecsevents.handlers import _interrupts

SCHEDULED = f"Instance:{REBOOT}:Scheduled"


def names(deliveries):
    """Return the names of the delivered notifications."""
    return [delivery.name.partition(":")[2] for delivery in deliveries]


# -- when and in which order


def test_a_subscription_says_how_many_notifications_were_sent_before_it(ecs):
    """A failed assertion on its deliveries shows the number; only notifications that its filter matches count."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    late = ecs.subscribe(list, names=SCHEDULED)
    other = ecs.subscribe(list, names="Instance:SystemMaintenance.Stop:Scheduled")
    assert "0 deliveries; 1 came before it was subscribed>" in repr(late)
    assert repr(other).endswith("0 deliveries>")
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+24h")
    assert repr(other).endswith("1 delivery>")


def test_a_receiver_gets_each_notification_as_it_happens(ecs, publish):
    """The clock stands at the notification's instant, and the payload is what `notifications` shows."""
    got = []
    subscription = ecs.subscribe(lambda notification: got.append((ecs.now.isoformat(), notification)))
    publish(not_before="+1h")
    ecs.advance("2h")
    assert [when for when, _ in got] == [
        "2030-01-01T00:00:00+00:00",
        "2030-01-01T01:00:00+00:00",
        "2030-01-01T01:00:01+00:00",
    ]
    assert [notification for _, notification in got] == ecs.notifications
    assert [delivery.payload for delivery in subscription.deliveries] == ecs.notifications
    assert [delivery.outcome for delivery in subscription.deliveries] == ["delivered"] * 3
    assert subscription.deliveries[1].at == ecs.one().not_before
    assert subscription.deliveries[1].name == f"Instance:{REBOOT}:Executing"


def test_what_a_receiver_causes_is_delivered_after_what_others_still_have_to_get(ecs, publish):
    """A receiver that reboots at once does not make another get Avoided before Scheduled."""
    heard = []

    def reboots(notification):
        heard.append(("first", notification["name"]))
        if notification["name"] == SCHEDULED:
            ecs.reboot("i-web1")

    ecs.on_change(lambda change: heard.append(("watcher", str(change.to_status))))
    ecs.subscribe(reboots, names="*", event_types="Maintenance")
    ecs.subscribe(lambda notification: heard.append(("second", notification["name"])), event_types="Maintenance")
    publish()
    assert [what for who, what in heard if who == "watcher"][:2] == ["Scheduled", "Avoided"]
    assert [who for who, _ in heard if who != "watcher"] == ["first", "second", "first", "second"]
    assert [what for who, what in heard if who == "second"] == [SCHEDULED, f"Instance:{REBOOT}:Avoided"]


def test_others_are_called_before_a_receiver_that_sleeps_moves_the_clock(ecs, publish):
    """A slow receiver delays no other delivery."""
    at = []
    ecs.subscribe(lambda _: time.sleep(600), names=SCHEDULED)
    ecs.subscribe(lambda _: at.append(ecs.now), names=SCHEDULED)
    published = publish()
    assert at == [published.publish_time]
    assert ecs.now == published.publish_time + timedelta(minutes=10)


@pytest.mark.parametrize("crowd", [2, 100])
def test_a_receiver_that_sleeps_gets_its_next_delivery_when_it_has_returned(ecs, crowd):
    """It sleeps a minute for each of many deliveries due at one instant, and advance returns after all of them."""
    calls = []

    def drain(notification):
        calls.append(("begins", notification["content"]["instanceId"], ecs.now))
        time.sleep(60)
        calls.append(("ends", notification["content"]["instanceId"], ecs.now))

    due = ecs.now + timedelta(hours=1)
    ids = [ecs.instances.add(f"i-{number}").instance_id for number in range(crowd)]
    for instance_id in ids:
        ecs.create(REBOOT, instance_id, not_before="+1h")
    subscription = ecs.subscribe(drain, names="Instance:SystemMaintenance.Reboot:Executing")
    ecs.advance("1h")

    assert calls == [
        (what, instance_id, due + timedelta(minutes=number + later))
        for number, instance_id in enumerate(ids)
        for what, later in (("begins", 0), ("ends", 1))
    ]
    assert [delivery.outcome for delivery in subscription.deliveries] == ["delivered"] * crowd


@pytest.mark.usefixtures("few_causes")
def test_a_receiver_that_causes_its_own_notification_is_an_error(ecs, publish):
    """Such a loop takes no time and would not end; the error names the notification."""

    def creates_another(_):
        publish()

    ecs.subscribe(creates_another, names=SCHEDULED)
    with pytest.raises(StandingClockError, match=r"The receiver creates_another .* called \d+ times"):
        publish()


def test_a_delivery_due_at_an_instant_runs_before_a_function_planned_later_for_that_instant(ecs, publish):
    """Deliveries and functions planned with `at` run in the order in which they were added."""
    order = []
    ecs.at("+1h", lambda: publish(not_before="+24h"))
    ecs.at("+1h", order.append, "planned")
    ecs.subscribe(lambda notification: order.append(notification["name"]))
    ecs.advance("1h")
    assert order == ["planned", SCHEDULED]


def test_a_subscription_gets_nothing_that_was_sent_before_it(ecs, publish):
    """As in the real service, earlier notifications are not sent again."""
    publish()
    subscription = ecs.subscribe(list)
    ecs.advance("25h")
    assert names(subscription.deliveries) == [f"{REBOOT}:Executing", f"{REBOOT}:Executed"]


def test_a_canceled_subscription_gets_nothing_any_more(ecs, publish):
    """This includes deliveries that are delayed."""
    got = []
    subscription = ecs.subscribe(got.append, delay="1m")
    publish()
    subscription.cancel()
    ecs.advance("25h")
    assert got == subscription.deliveries == []


def test_a_receiver_that_cancels_its_subscription_is_not_called_again(ecs, publish):
    """A delivery that failed in the same call is not retried either."""
    calls = []

    def once(_):
        calls.append("called")
        subscription.cancel()
        raise KeyError("once")

    subscription = ecs.subscribe(once, retries=3, retry_after="1s")
    with pytest.raises(KeyError, match="once"):
        publish()
    ecs.advance("25h")
    assert calls == ["called"]
    assert subscription.to_be_retried == {}


def test_what_a_receiver_does_to_its_payload_does_not_show(ecs, publish):
    """Each delivery has a payload object of its own."""
    ecs.subscribe(lambda notification: notification["content"].clear())
    other = ecs.subscribe(lambda notification: notification.clear())
    publish()
    assert other.deliveries[0].payload == ecs.notifications[0]
    assert ecs.notifications[0]["content"]["instanceId"] == "i-web1"


def test_a_delivery_reads_well(ecs, publish):
    """Its repr has the notification, the receiver, the instant and the outcome."""
    subscription = ecs.subscribe(ecs.notifications.append)
    publish()
    assert repr(subscription.deliveries[0]) == (
        f"<Delivery of {SCHEDULED} to list.append at 2030-01-01T00:00:00Z: delivered, attempt 1>"
    )


def test_a_coroutine_function_is_awaited(ecs, publish):
    """It runs in its own loop, and its sleeps move the clock."""
    done = []

    async def receiver(notification):
        await asyncio.sleep(5)
        done.append((notification["name"], ecs.now.second))
        return "answer"

    subscription = ecs.subscribe(receiver)
    publish()
    assert done == [(SCHEDULED, 5)]
    assert subscription.deliveries[0].answer == "answer"


def test_a_coroutine_function_is_refused_in_a_sentence_where_a_loop_runs(ecs, publish):
    """It could not be awaited before time moves on, so the message explains that."""

    class Receiver:
        async def __call__(self, notification):
            """Never runs."""

    async def test():
        ecs.subscribe(Receiver())
        publish()

    with pytest.raises(EcsEventsError) as error:
        asyncio.run(test())
    assert str(error.value) == (
        "The receiver Receiver is a coroutine function, which cannot be awaited here: an event loop runs in this "
        "thread. Subscribe a plain function, such as the put_nowait of an asyncio.Queue that the coroutine reads."
    )


def test_a_receiver_gets_what_another_thread_causes(ecs):
    """A thread that changes the cloud delivers the notifications of its change."""
    got = []
    ecs.subscribe(got.append, names=SCHEDULED)
    thread = threading.Thread(target=lambda: ecs.create(REBOOT, "i-web1", not_before="+1h"))
    thread.start()
    thread.join()
    assert len(got) == 1


# -- what happens on the way


def test_a_delivery_may_take_its_time(ecs, publish):
    """The payload keeps the instant of the event."""
    subscription = ecs.subscribe(list, names=SCHEDULED, delay="90s")
    publish()
    assert subscription.deliveries == []
    ecs.advance("2m")
    (delivery,) = subscription.deliveries
    assert delivery.at.isoformat() == "2030-01-01T00:01:30+00:00"
    assert delivery.payload["eventTime"] == "20300101T080000.000+0800"


def test_a_delay_may_be_between_two(ecs, publish):
    """The random numbers are the subscription's own, and equal in every run."""

    def delays(seed):
        with EcsEvents(seed="dice") as other:
            other.instances.add("i-1")
            subscription = other.subscribe(list, names=SCHEDULED, delay=("1s", timedelta(minutes=1)), seed=seed)
            for _ in range(10):
                other.create(REBOOT, "i-1", not_before="+24h")
            start = other.now
            other.advance("2m")
            return [delivery.at - start for delivery in subscription.deliveries]

    first, again, other = delays("a"), delays("a"), delays("b")
    assert first == again != other
    assert timedelta(seconds=1) <= min(first) < max(first) <= timedelta(minutes=1)


def test_a_delivery_may_be_lost(ecs, publish):
    """The timeline shows it, although the receiver did not get it."""
    got = []
    subscription = ecs.subscribe(got.append, names=SCHEDULED, drop=True)
    publish()
    (delivery,) = subscription.deliveries
    assert (got, delivery.outcome, delivery.attempt) == ([], "dropped", 0)
    assert f"push      {SCHEDULED} of i-web1 -> list.append: dropped\n" in ecs.timeline() + "\n"


def test_a_delivery_may_come_twice(ecs, publish):
    """Both have the same id, as with at-least-once channels."""
    got = []
    subscription = ecs.subscribe(got.append, names=SCHEDULED, duplicate=True)
    publish()
    assert got[0] == got[1]
    assert [delivery.is_duplicate for delivery in subscription.deliveries] == [False, True]
    assert f"{SCHEDULED} of i-web1 -> list.append (duplicate)" in ecs.timeline()


def test_a_delivery_may_be_overtaken_by_the_next(ecs, publish):
    """Of each two, the second arrives first."""
    ecs.instances.add("i-web2")
    subscription = ecs.subscribe(list, names=SCHEDULED, reorder=True)
    for instance_id in ("i-web1", "i-web2", "i-web2", "i-web1"):
        publish(instance_id)
    assert [delivery.payload["content"]["instanceId"] for delivery in subscription.deliveries] == [
        "i-web2",
        "i-web1",
        "i-web1",
        "i-web2",
    ]


def test_a_delivery_that_nothing_overtakes_goes_by_itself(ecs, publish):
    """It arrives after a minute."""
    subscription = ecs.subscribe(list, names=SCHEDULED, reorder=True)
    publish()
    ecs.advance("59s")
    assert subscription.deliveries == []
    ecs.advance("1s")
    assert names(subscription.deliveries) == [f"{REBOOT}:Scheduled"]
    publish()
    ecs.advance("1m")
    assert len(subscription.deliveries) == 2


@pytest.mark.parametrize("fault", ["drop", "duplicate", "reorder"])
def test_a_delivery_fault_can_be_random(fault):
    """The same seed changes the same deliveries."""

    def what_comes(seed):
        with EcsEvents(seed=seed) as ecs:
            ecs.instances.add("i-1")
            subscription = ecs.subscribe(list, names=SCHEDULED, **{fault: 0.5})
            for _ in range(20):
                ecs.create(REBOOT, "i-1", not_before="+24h")
                ecs.advance("2m")
            return [(delivery.outcome, delivery.at, delivery.is_duplicate) for delivery in subscription.deliveries]

    first = what_comes("a")
    assert first == what_comes("a") != what_comes("b")
    assert fault != "drop" or 0 < sum(outcome == "dropped" for outcome, *_ in first) < 20


# -- errors


def test_an_error_of_a_receiver_is_raised_by_what_the_test_called(ecs, publish):
    """Creating, advancing and rebooting raise it from the call that caused it."""

    def receiver(notification):
        raise KeyError(notification["name"])

    ecs.subscribe(receiver)
    with pytest.raises(KeyError, match="Scheduled"):
        publish(not_before="+1h")
    with pytest.raises(KeyError, match="Executing"):
        ecs.advance("2h")
    assert f"{SCHEDULED} of i-web1 -> receiver: failed, " in (ecs.timeline())
    assert '{"ver": "1.0", "id": "' in ecs.timeline()


def test_an_error_of_a_receiver_does_not_reach_the_handler_but_the_test(ecs, call):
    """A receiver's error does not make a handler's call fail; `run` raises it at its end."""
    ecs.create(REBOOT, "i-web1", not_before="+24h")

    def receiver(_):
        raise KeyError("of the receiver")

    ecs.subscribe(receiver, names=f"Instance:{REBOOT}:Avoided")
    statuses = []

    def handler():
        call("RebootInstance", InstanceId="i-web1")
        statuses.append(str(ecs.one().status))

    with pytest.raises(KeyError, match="of the receiver"):
        ecs.run(handler)
    assert statuses == ["Avoided"]


def test_an_error_that_was_not_raised_fails_the_test_with_the_payload(call):
    """The message has the exact payload that the receiver got."""

    def receiver(notification):
        raise KeyError(notification["name"])

    with pytest.raises(ReceiverError) as error, EcsEvents(seed="told") as ecs:
        ecs.instances.add("i-web1")
        ecs.create(REBOOT, "i-web1", not_before="+24h")
        ecs.subscribe(receiver, names=f"Instance:{REBOOT}:Avoided", format="cloudmonitor-minimal")
        call("RebootInstance", InstanceId="i-web1")
    line = receiver.__code__.co_firstlineno + 1
    event_id = ecs.one().event_id
    assert str(error.value) == (
        "Receivers raised errors that the test did not notice:\n"
        f"  - KeyError at {__file__}:{line} in receiver: 'Instance:{REBOOT}:Avoided'\n"
        f"    Instance:{REBOOT}:Avoided was delivered to "
        "receiver at 2030-01-01T00:00:00Z:\n"
        '    {"product": "ECS", "resourceId": "acs:ecs:cn-hangzhou:1000000000000001:instance/i-web1", "level": "CRITICAL", '
        f'"name": "Instance:{REBOOT}:Avoided", "regionId": "cn-hangzhou", "content": {{"eventId": "{event_id}", '
        f'"publishTime": "2030-01-01T00:00:00Z", "instanceId": "i-web1", "eventType": "{REBOOT}", "eventStatus": '
        '"Avoided", "notBefore": "2030-01-02T00:00:00Z", "executeStartTime": "2030-01-01T00:00:00Z", '
        '"executeFinishTime": "2030-01-01T00:00:00Z"}}\n'
        "Correct the receiver, or catch its error there. If that is intended: "
        'ecs_events.strict -= {"receivers"} in the test, or leave "receivers" out of ecs_events_strict in the ini file; see '
        'the manual, "Strictness" (docs/reference/strictness.md).'
    )


def test_errors_of_receivers_can_be_ignored(call):
    """They are visible in the deliveries only."""

    def receiver(_):
        raise KeyError("let be")

    with EcsEvents() as ecs:
        ecs.strict -= {"receivers"}
        ecs.instances.add("i-web1")
        subscription = ecs.subscribe(receiver)
        ecs.create(REBOOT, "i-web1", not_before="+24h")
    (delivery,) = subscription.deliveries
    assert (delivery.outcome, repr(delivery.error)) == ("failed", "KeyError('let be')")


def test_a_receivers_failure_may_be_retried(ecs, publish):
    """The retry sends the same notification at a later virtual instant."""
    tries = []

    def receiver(_):
        tries.append(ecs.now.second)
        if len(tries) < 3:
            raise ConnectionError("not yet")

    subscription = ecs.subscribe(receiver, names=SCHEDULED, retries=5, retry_after="10s")
    publish()
    assert list(subscription.to_be_retried.values()) == [1_893_456_010_000_000]
    ecs.advance("1h")
    assert tries == [0, 10, 20]
    assert [(one.attempt, one.outcome) for one in subscription.deliveries] == [
        (1, "failed"),
        (2, "failed"),
        (3, "delivered"),
    ]
    assert len({one.notification_id for one in subscription.deliveries}) == 1
    assert f"{SCHEDULED} of i-web1 -> receiver (attempt 2): failed, " in (ecs.timeline())


def test_a_failure_whose_retry_the_test_did_not_reach_fails_it():
    """Otherwise the test would pass although a delivery had failed."""

    def receiver(_):
        raise KeyError("first")

    with (
        pytest.raises(
            ReceiverError, match=r"\n    The next attempt is due at 2030-01-01T00:00:10Z, after the test's end\."
        ),
        EcsEvents() as ecs,
    ):
        ecs.instances.add("i-web1")
        ecs.subscribe(receiver, retries=1, retry_after="10s")
        ecs.create(REBOOT, "i-web1", not_before="+24h")


def test_a_last_retry_that_fails_says_which_try_it_was(call):
    """The message has the number of tries if there was more than one."""

    def receiver(_):
        raise KeyError("always")

    with pytest.raises(ReceiverError, match="at 2030-01-01T00:00:10Z, attempt 2:"), EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        ecs.subscribe(receiver, retries=1, retry_after="10s")
        ecs.create(REBOOT, "i-web1", not_before="+24h")
        time.sleep(120)


def busy(seconds):
    """Use the processor without any wait."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_receiver_that_hangs_is_cut_off(ecs, publish):
    """The message says in which line it was."""
    ecs.patience = 0.1

    def hangs(_):
        while True:
            pass

    subscription = ecs.subscribe(hangs)
    with pytest.raises(StuckHandlerError) as error:
        publish()
    assert str(error.value).startswith(
        "The receiver hangs neither slept nor called the cloud for 0.1 seconds of real "
        f"time, and it was cut off. It was at {__file__}:"
    )
    assert str(error.value).endswith(" in hangs. If it works that long, set ecs_events.patience to more seconds.")
    assert subscription.deliveries[0].outcome == "failed"


def test_a_receiver_that_catches_everything_is_left_behind(ecs, publish):
    """The delivery fails with a message that names the line; what runs next is unaffected."""
    ecs.patience = 0.1

    def stubborn(_):
        while True:
            with contextlib.suppress(BaseException), contextlib.suppress(BaseException):
                busy(0.05)

    subscription = ecs.subscribe(stubborn)
    with pytest.raises(
        StuckHandlerError, match=r"and it caught the error that was to end it\. It was at .*test_subscriptions\.py:"
    ):
        publish()
    assert subscription.deliveries[0].outcome == "failed"
    subscription.cancel()
    ecs.patience = 60
    assert ecs.run(lambda: busy(0.1)) is None  # no delivery is under way any more


def test_a_receiver_that_catches_everything_does_not_outlive_a_run(ecs, publish):
    """The handler that caused the delivery ends too; a receiver that sleeps does not count as hanging."""

    def stubborn(_):
        while True:
            with contextlib.suppress(BaseException), contextlib.suppress(BaseException):
                time.sleep(60)

    def handler():
        publish()
        time.sleep(60)

    ecs.subscribe(stubborn)
    with pytest.raises(StuckHandlerError, match=r"(?m)test_subscriptions\.py:\d+ in stubborn\.$"):
        ecs.run(handler, until="1h")
    assert ecs.run(lambda: "result") == "result"


def test_a_receiver_that_hangs_in_another_thread_is_cut_off(ecs, monkeypatch, publish):
    """A signal cannot be sent to that thread."""
    monkeypatch.setattr(_interrupts, "_is_main_thread", lambda: False)
    ecs.patience = 0.1

    def hangs(_):
        while True:
            pass

    ecs.subscribe(hangs)
    with pytest.raises(StuckHandlerError, match="cut off"):
        publish()


@pytest.mark.parametrize("does", ["calls", "sleeps"])
def test_a_receiver_that_works_long_but_calls_or_sleeps_is_left_alone(ecs, publish, call, pass_real_seconds, does):
    """It is interrupted only if it neither called nor slept for that long."""
    ecs.patience = 1

    def works(_):
        for _ in range(5):
            if does == "calls":
                call("DescribeRegions")
            else:
                time.sleep(1)
            pass_real_seconds(0.6)

    subscription = ecs.subscribe(works)
    publish()
    assert subscription.deliveries[0].outcome == "delivered"


def test_a_timeout_of_pytest_is_no_failure_of_a_receivers(pytester):
    """It ends the test, and no delivery is retried because of it."""
    pytester.makepyfile(
        """
        import time
        import pytest

        @pytest.mark.timeout(1, method="signal", func_only=True)
        def test_it(ecs_events):
            def hangs(_):
                while True:
                    pass

            subscription = ecs_events.subscribe(hangs, retries=3)
            try:
                ecs_events.instances.add("i-web1")
                ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
            finally:
                assert [delivery.outcome for delivery in subscription.deliveries] == ["under way"]
        """
    )
    result = pytester.runpytest_inprocess("-p", "timeout")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * Failed: Timeout*"])


def test_a_receiver_under_run_that_hangs_ends_the_run(ecs):
    """`run` is already watching, and names the line."""
    ecs.patience = 0.1

    def hangs(_):
        while True:
            pass

    ecs.subscribe(hangs)
    with pytest.raises(StuckHandlerError, match=r"It was at .* in hangs\."):
        ecs.run(lambda: ecs.create(REBOOT, "i-web1", not_before="+1h"))


def test_a_receiver_that_waits_when_run_ends_is_ended_there(ecs, publish):
    """The outcome of its delivery stays open."""
    subscription = ecs.subscribe(lambda _: time.sleep(3600), names=f"Instance:{REBOOT}:Executing")
    publish(not_before="+1h")
    ecs.run(time.sleep, 7200, until="90m")
    assert [delivery.outcome for delivery in subscription.deliveries] == ["under way"]


def test_sleeping_for_real_leaves_receivers_as_they_are():
    """With sleep="real" only the test moves the clock."""
    with EcsEvents(sleep="real") as ecs:
        ecs.instances.add("i-web1")
        subscription = ecs.subscribe(list)
        ecs.create(REBOOT, "i-web1", not_before="+1h")
        ecs.advance("2h")
    assert len(subscription.deliveries) == 3


# -- invalid arguments


@pytest.mark.parametrize(
    ("receiver", "options", "sentence"),
    [
        (3, {}, "subscribe got 3. Pass a function that takes the notification, or a URL."),
        (
            lambda: 0,
            {},
            "subscribe got <lambda>(), which does not take the notification: too many positional arguments. Pass a function "
            "that takes the notification, or a URL.",
        ),
        (
            "ftp://x/",
            {},
            "subscribe got 'ftp://x/'. Pass a URL such as \"http://127.0.0.1:8000/events\", or a function.",
        ),
        ("http://", {}, "subscribe got 'http://'. Pass a URL such as \"http://127.0.0.1:8000/events\", or a function."),
        (
            "http://a:b/",
            {},
            "subscribe got 'http://a:b/'. Pass a URL such as \"http://127.0.0.1:8000/events\", or a function.",
        ),
        (
            "http://a/",
            {"method": "POST"},
            "method is 'POST'. Pass one of: POST JSON, GET JSON, POST FORM, GET FORM. Did you mean POST JSON?",
        ),
        (list, {"method": "POST JSON"}, "method is 'POST JSON', but the receiver is not a URL. Omit method."),
        (
            list,
            {"format": "eventbrige"},
            "format is 'eventbrige'. Pass one of: cloudmonitor, cloudmonitor-minimal, subscription, eventbridge. Did you "
            "mean eventbridge?",
        ),
        (
            list,
            {"nmaes": "*"},
            "subscribe has no option 'nmaes'. It has: delay, drop, duplicate, event_types, format, keyword_relation, "
            "keywords, levels, method, names, products, reorder, resource_groups, retries, retry_after, seed, statuses. Did "
            "you mean names?",
        ),
        (list, {"drop": 2}, "drop is 2. Pass True, False, or how likely it is, from 0 to 1."),
        (list, {"reorder": "yes"}, "reorder is 'yes'. Pass True, False, or how likely it is, from 0 to 1."),
        (
            list,
            {"delay": 5},
            'delay is 5, which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
        (list, {"delay": ("2m", "1m")}, "delay is from 2m to 1m. Pass the shorter duration first."),
        (list, {"retries": -1}, "retries is -1. Pass a whole number from 0 to 176."),
        (list, {"retries": True}, "retries is True. Pass a whole number from 0 to 176."),
        (
            list,
            {"retry_after": "soon"},
            'retry_after is \'soon\', which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
    ],
)
def test_what_cannot_be_subscribed_is_refused_in_a_sentence(ecs, receiver, options, sentence):
    """The message has the value, what was expected, and how to go on."""
    with pytest.raises(BadArgumentError) as error:
        ecs.subscribe(receiver, **options)
    assert str(error.value) == sentence


def test_a_receiver_without_a_signature_is_accepted(ecs, publish):
    """Some functions written in C have no signature."""

    class Untold:
        __signature__ = "nothing that inspect understands"

        def __call__(self, notification):
            """Accept it."""

    subscription = ecs.subscribe(Untold())
    publish()
    assert [delivery.outcome for delivery in subscription.deliveries] == ["delivered"]


def test_what_the_test_announces_is_in_the_story(ecs):
    """The announcement comes before its deliveries."""
    ecs.subscribe(list)
    ecs.announce("Snapshot:CreateSnapshotCompleted", "i-web1", {"snapshotId": "s-1"})
    said = "Snapshot:CreateSnapshotCompleted of s-1"
    assert f"notice    {said}: announced by the test\n +00:00:00  push      {said} -> list\n" in ecs.timeline() + "\n"
