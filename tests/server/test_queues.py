"""Queues, as the service's own SDK and other clients see them."""

import asyncio
import datetime as dt
import http.client
import json
import socket
import threading
import time
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from functools import partial

import pytest
from mns.account import Account
from mns.mns_exception import MNSClientNetworkException, MNSExceptionBase, MNSServerException
from mns.queue import Message, QueueMeta

from pytest_ecsevents import BadArgumentError, EcsEvents, ReceiverError, StandingClockError, StuckHandlerError
from pytest_ecsevents.checks import _recorder
from pytest_ecsevents.clock._server_waits import LoopbackClients
from pytest_ecsevents.server._server import LoopbackServer, _Handler

SIGNED = {"Authorization": "MNS id:signature", "Date": "Tue, 01 Jan 2030 00:00:00 GMT", "x_mns_version": "2015-06-06"}


@pytest.fixture
def account():
    """Accounts of the SDK; their connections are closed at the end."""
    made = []

    def account(endpoint):
        one = Account(endpoint, "key-id", "key-secret")
        made.append(one)  # threads send requests too: the last one can be another thread's
        return one

    yield account
    for one in made:
        one.get_client().close_connection()


@pytest.fixture
def queue(ecs):
    """A queue to which CloudMonitor sends."""
    return ecs.queue("ecs-cms-event")


@pytest.fixture
def client(queue, account):
    """The SDK's view of it."""
    return account(queue.endpoint).get_queue("ecs-cms-event")


def code_of(function, *args):
    """Return the code of a refused call, from the SDK's error."""
    with pytest.raises(MNSServerException) as refused:
        function(*args)
    return refused.value.type


def body_of(message):
    """Return a body as text: aliyun-mns-sdk decodes base64 to bytes, aliyun-mns to text."""
    body = message.message_body
    return body.decode() if isinstance(body, bytes) else body


def consume(account, endpoint, handlers):
    """The consumer loop that Alibaba Cloud publishes: receive, decode, dispatch by name, delete, repeat."""
    client = account(endpoint).get_queue("ecs-cms-event")
    while True:
        try:
            message = client.receive_message(wait_seconds=5)
            event = json.loads(message.message_body)
            for handler in handlers.get(event["name"], ()):
                handler(event)
            client.delete_message(message.receipt_handle)
        except MNSExceptionBase as error:  # noqa: PERF203  # it is published so
            if error.type != "MessageNotExist":
                raise


# -- what CloudMonitor sends


def test_a_notification_is_json_in_base64(ecs, queue, client):
    """The SDK's default decoding returns the flat form, which the published handlers read."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    received = client.receive_message()
    assert json.loads(received.message_body) == ecs.notifications[-1] == queue.messages[0].event
    assert received.message_id == queue.messages[0].message_id


def test_the_published_loop_drains_the_queue_while_the_clock_moves(ecs, queue, account):
    """Ten minutes of polls of five seconds: each waits in virtual time, each event comes at its own instant."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    heard = []

    def reboot(event):
        heard.append(("reboot", ecs.now.minute, ecs.now.second))
        ecs.reboot(event["content"]["instanceId"])

    def note(event):
        heard.append((event["content"]["eventStatus"], ecs.now.minute, ecs.now.second))

    handlers = {
        "Instance:SystemMaintenance.Reboot:Scheduled": [reboot],
        "Instance:SystemMaintenance.Reboot:Avoided": [note],
        "Instance:SystemFailure.Reboot:Executed": [note],
    }
    ecs.create("SystemFailure.Reboot", "i-web1", not_before="+9m")
    ended = ecs.run(consume, account, queue.endpoint, handlers, until="10m")

    assert heard == [("reboot", 0, 0), ("Avoided", 0, 0), ("Executed", 9, 0)]
    assert (len(queue), ecs.now.minute) == (0, 10)
    assert "in consume" in ended.doing


@pytest.mark.parametrize(("form", "key"), [("subscription", "alert"), ("eventbridge", "specversion")])
def test_other_forms_are_sent_on_request(ecs, form, key):
    """The forms are the nested one of a subscription, and a CloudEvent."""
    queue = ecs.queue("q", format=form)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    assert key in queue.messages[0].event


def test_only_what_the_filter_matches_is_sent(ecs):
    """A queue has the filters of every receiver, and the options for network faults."""
    asked = {
        "one": {"names": "Instance:StateChange"},
        "some": {"statuses": ["Scheduled", "Avoided"]},
        "info": {"levels": "INFO", "duplicate": True},
        "all": {},
    }
    queues = {name: ecs.queue(name, **filters) for name, filters in asked.items()}
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+24h")
    ecs.stop("i-web1")
    assert {name: len(queue) for name, queue in queues.items()} == {"one": 2, "some": 1, "info": 4, "all": 3}


def test_what_does_not_fit_into_the_queue_fails_the_test():
    """The service would lose it without any sign."""
    with pytest.raises(ReceiverError) as error, EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        queue = ecs.queue("q", format="subscription", maximum_message_size=1024)
        ecs.stop("i-web1")
    assert len(queue.messages) == 0
    assert "queue q" in str(error.value)
    assert "MessageBody must be from 1 to 1024." in str(error.value)


def test_deliveries_to_a_queue_are_in_the_story(ecs, queue):
    """Each notification that was sent to it is there, and in the subscription's deliveries."""
    ecs.stop("i-web1")
    assert " +00:00:00  push      Instance:StateChange Stopped of i-web1 -> queue ecs-cms-event" in ecs.timeline()
    assert [delivery.outcome for delivery in queue.subscription.deliveries] == ["delivered"] * 2
    queue.subscription.cancel()
    ecs.start("i-web1")
    assert len(queue) == 2


def test_what_clients_do_to_messages_is_in_the_story(ecs, queue, client):
    """Each message has its notification's name, or its beginning."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    client.receive_message()
    ecs.advance("30s")
    client.delete_message(client.receive_message().receipt_handle)
    queue.send("x" * 50)
    client.change_message_visibility(client.receive_message().receipt_handle, 60)
    shown = [line for line in ecs.timeline().splitlines() if "  queue  " in line]
    assert shown == [
        " +00:00:00  queue     ecs-cms-event: Instance:SystemMaintenance.Reboot:Scheduled received",
        " +00:00:30  queue     ecs-cms-event: Instance:SystemMaintenance.Reboot:Scheduled received, time 2",
        " +00:00:30  queue     ecs-cms-event: Instance:SystemMaintenance.Reboot:Scheduled deleted",
        f" +00:00:30  queue     ecs-cms-event: '{'x' * 40}' received",
        f" +00:00:30  queue     ecs-cms-event: '{'x' * 40}' hidden for 60s",
    ]


@pytest.mark.parametrize(
    ("form", "summary"),
    [
        ("cloudmonitor", "Instance:SystemMaintenance.Stop:Scheduled"),
        ("subscription", "Instance:SystemMaintenance.Stop:Scheduled"),
        ("eventbridge", "ecs:Instance:SystemMaintenance.Stop"),
    ],
)
def test_a_message_names_its_notification_in_every_form(ecs, form, summary):
    """It does so by its name, or its type."""
    queue = ecs.queue("q", format=form)
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+24h")
    assert queue.messages[0].summary == summary
    assert [queue.send(body).summary for body in ("[1]", '{"alert": 1}')] == ["'[1]'", "'{\"alert\": 1}'"]


# -- receiving


def test_an_empty_queue_says_so_at_once(ecs, client):
    """No time passes."""
    assert code_of(client.receive_message) == "MessageNotExist"
    assert ecs.now.second == 0


def test_a_long_poll_waits_in_virtual_time(ecs, client):
    """Then it returns without a message."""
    assert code_of(client.receive_message, 30) == "MessageNotExist"
    assert ecs.now.second == 30


def test_no_time_passes_while_a_busy_machine_has_a_request_wait(ecs, queue, client, monkeypatch):
    """Its caller is idle in the meantime; another thread sleeps on."""
    pause, accept = partial(threading.Event().wait, 0.15), LoopbackServer.get_request

    def accept_late(server):
        connection = accept(server)
        pause()
        return connection

    monkeypatch.setattr(LoopbackServer, "get_request", accept_late)
    worker = threading.Thread(target=time.sleep, args=(3600,))
    worker.start()
    assert code_of(client.peek_message) == "MessageNotExist"
    assert (ecs.now.hour, ecs.now.minute) == (0, 0)
    worker.join()


def test_a_long_poll_ends_when_a_message_comes(ecs, client):
    """The clock is at that instant; earlier due work has happened."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+10s", executing_for="1h")
    client.delete_message(client.receive_message().receipt_handle)
    received = client.receive_message(30)
    assert json.loads(received.message_body)["name"] == "Instance:SystemMaintenance.Reboot:Executing"
    assert ecs.now.second == 10


def test_a_poll_whose_client_was_stopped_takes_no_message(ecs, queue, client, monkeypatch):
    """The server came to it late: a message sent since then is still there for the next poll."""
    sent, answered = threading.Event(), threading.Event()
    server = ecs._parts.serving._running
    answer = server.answer

    def answer_late(request):
        sent.wait()
        try:
            return answer(request)
        finally:
            answered.set()

    monkeypatch.setattr(server, "answer", answer_late)
    ecs.run(partial(client.receive_message, 30), until="10s")
    queue.send("kept")
    sent.set()
    answered.wait()
    client.mns_client.close_connection()
    assert (body_of(client.receive_message()), ecs.now.second) == ("kept", 10)


def test_a_long_poll_ends_when_another_thread_sends(ecs, queue, client):
    """A worker that sleeps an hour, then sends; meanwhile polls come and go."""
    worker = threading.Thread(target=lambda: (time.sleep(3607), queue.send("late")))
    worker.start()
    polls = 1
    while True:
        polls += 1
        try:
            received = client.receive_message(30)
            break
        except MNSServerException:
            continue
    worker.join()
    assert (body_of(received), polls) == ("late", 3607 // 30 + 2)
    assert (ecs.now.hour, ecs.now.second) == (1, 7)


def test_a_message_that_comes_just_before_the_wait_is_not_missed(ecs, queue, client):
    """The message arrives after the poll has checked, and before it waits."""
    look = queue._state.next_visible_at

    def look_while_another_sends():
        queue.send("now")
        return look() and None

    queue._state.next_visible_at = look_while_another_sends
    assert body_of(client.receive_message(30)) == "now"
    assert ecs.now.second == 0


def test_two_consumers_share_a_queue(ecs, queue, account):
    """Each message goes to one of them, although both wait."""
    got = []

    def consumer():
        client = account(queue.endpoint).get_queue("ecs-cms-event")
        for _ in range(2):
            try:
                received = client.receive_message(20)
                client.delete_message(received.receipt_handle)
                got.append(body_of(received))
            except MNSServerException as error:  # noqa: PERF203  # it is received so
                got.append(error.type)

    threads = [threading.Thread(target=consumer) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(10)
    queue.send("one")
    for thread in threads:
        thread.join()
    assert sorted(got) == ["MessageNotExist", "MessageNotExist", "MessageNotExist", "one"]
    assert ecs.now.second == 40


def test_the_queues_own_waiting_time_holds_where_a_call_says_none(ecs, account):
    """The attribute is PollingWaitSeconds."""
    queue = ecs.queue("q", polling_wait_seconds=7)
    assert code_of(account(queue.endpoint).get_queue("q").receive_message) == "MessageNotExist"
    assert ecs.now.second == 7


def test_what_is_received_is_hidden_for_a_while(ecs, queue, client):
    """Then it is visible again, with a higher count; a waiting poll gets it at that instant."""
    queue.send("hello")
    first = client.receive_message()
    assert code_of(client.receive_message) == "MessageNotExist"
    ecs.advance("29s")
    second = client.receive_message(wait_seconds=5)
    assert (body_of(second), first.dequeue_count, second.dequeue_count) == ("hello", 1, 2)
    assert ecs.now.second == 30
    assert (first.next_visible_time, second.first_dequeue_time) == (second.enqueue_time + 30_000, first.enqueue_time)
    assert (queue.messages[0].dequeue_count, queue.messages[0].visible_at.minute) == (2, 1)


def test_sixteen_come_at_once_at_most(ecs, queue, client):
    """They come in the order in which they were sent."""
    for number in range(20):
        queue.send(str(number))
    bodies = [body_of(message) for message in client.batch_receive_message(16)]
    assert bodies == [str(number) for number in range(16)]
    assert len(client.batch_receive_message(16, wait_seconds=1)) == 4
    assert code_of(client.batch_receive_message, 17) == "InvalidArgument"


def test_priorities_go_first(queue, client):
    """Priority 1 comes before 8, and 8 before 16; equal priorities keep their order."""
    for body, priority in (("last", 16), ("second", None), ("third", 8), ("first", 1)):
        queue.send(body, priority=priority)
    assert [body_of(client.receive_message()) for _ in range(4)] == ["first", "second", "third", "last"]


def test_delayed_messages_come_later(ecs, queue, client):
    """The delay is the message's own, or the queue's."""
    queue.send("late", delay_seconds=60)
    assert code_of(client.receive_message, 30) == "MessageNotExist"
    assert body_of(client.receive_message(30)) == "late"
    assert (ecs.now.minute, ecs.now.second) == (1, 0)


def test_peeking_leaves_messages_as_they_are(queue, client):
    """They are neither hidden nor counted."""
    assert code_of(client.peek_message) == "MessageNotExist"
    queue.send("hello")
    queue.send("world")
    assert (body_of(client.peek_message()), client.peek_message().dequeue_count) == ("hello", 0)
    assert [body_of(message) for message in client.batch_peek_message(16)] == ["hello", "world"]
    assert client.peek_message().first_dequeue_time == client.peek_message().enqueue_time
    assert client.receive_message().dequeue_count == 1


def test_messages_that_are_too_old_are_gone(ecs, account):
    """They are deleted after MessageRetentionPeriod, received or not."""
    queue = ecs.queue("q", message_retention_period=60)
    queue.send("hello")
    ecs.advance("59s")
    assert len(queue) == 1
    ecs.advance("1s")
    assert (len(queue), len(queue.messages)) == (0, 1)
    assert code_of(account(queue.endpoint).get_queue("q").receive_message) == "MessageNotExist"


def test_messages_that_were_there_to_be_received_age_too(ecs, account):
    """They were peeked at, but not received."""
    queue = ecs.queue("q", message_retention_period=60)
    client = account(queue.endpoint).get_queue("q")
    queue.send("hello")
    client.peek_message()
    ecs.advance("61s")
    assert code_of(client.receive_message) == "MessageNotExist"


def test_a_body_that_is_not_base64_breaks_the_sdk_as_the_service_would(queue, client):
    """CloudMonitor does not send such a body, but another sender can."""
    queue.send("plain", raw=True)
    assert queue.messages[0].body == "plain"
    with pytest.raises(ValueError, match="base64"):
        client.receive_message()


# -- deleting and hiding


def test_a_handle_deletes_while_it_is_valid(ecs, queue, client):
    """A handle is invalid after its time, after its use, after a later one, and if it was invented."""
    queue.send("hello")
    first = client.receive_message()
    ecs.advance("30s")
    assert code_of(client.delete_message, first.receipt_handle) == "MessageNotExist"
    second = client.receive_message()
    assert code_of(client.delete_message, first.receipt_handle) == "MessageNotExist"
    client.delete_message(second.receipt_handle)
    assert code_of(client.delete_message, second.receipt_handle) == "MessageNotExist"
    assert code_of(client.delete_message, "1-made-up") == "ReceiptHandleError"
    assert (queue.messages[0].is_deleted, len(queue)) == (True, 0)


def test_several_are_deleted_at_once(queue, client):
    """Handles that cannot be used are listed, and the other messages are deleted."""
    for number in range(3):
        queue.send(str(number))
    handles = [message.receipt_handle for message in client.batch_receive_message(3)]
    client.batch_delete_message(handles[:1])
    with pytest.raises(MNSServerException) as refused:
        client.batch_delete_message(["made-up", *handles])
    assert refused.value.type == "ReceiptHandleError"
    assert [error["ReceiptHandle"] for error in refused.value.sub_errors] == ["made-up", handles[0]]
    assert [error["ErrorCode"] for error in refused.value.sub_errors] == ["ReceiptHandleError", "MessageNotExist"]
    assert len(queue) == 0


def test_a_message_may_be_hidden_longer(ecs, queue, client):
    """Its handle is a new one; the time counts from now."""
    queue.send("hello")
    received = client.receive_message()
    ecs.advance("20s")
    changed = client.change_message_visibility(received.receipt_handle, 60)
    ecs.advance("59s")
    assert code_of(client.delete_message, received.receipt_handle) == "MessageNotExist"
    client.delete_message(changed.receipt_handle)
    assert int(changed.next_visible_time) == received.enqueue_time + 80_000


def test_a_message_that_is_hidden_until_the_same_instant_comes_once(ecs, queue, client):
    """It was hidden twice."""
    queue.send("hello")
    client.change_message_visibility(client.receive_message().receipt_handle, 30)
    ecs.advance("30s")
    assert len(client.batch_receive_message(2)) == 1


def test_a_message_may_be_given_back_early(ecs, queue, client, account):
    """A waiting client gets it at the new time."""
    queue.send("hello")
    received = client.receive_message()
    other = account(queue.endpoint).get_queue("ecs-cms-event")
    got = []
    waiter = threading.Thread(target=lambda: got.append(body_of(other.receive_message(29))))
    waiter.start()
    time.sleep(5)
    client.change_message_visibility(received.receipt_handle, 1)
    waiter.join()
    assert (got, ecs.now.second) == (["hello"], 6)


# -- sending


def test_clients_send_too(queue, client):
    """They send one or several messages, with delays and priorities."""
    sent = client.send_message(Message("hello", 0, 1))
    many = client.batch_send_message([Message("one"), Message("two")])
    assert [message.body for message in queue.messages] == ["hello", "one", "two"]
    assert [message.message_id for message in queue.messages] == [one.message_id for one in (sent, *many)]
    assert sent.message_body_md5 == queue.messages[0].md5


def test_a_batch_lists_the_messages_that_cannot_be_sent(queue, client):
    """The rest is sent."""
    with pytest.raises(MNSServerException) as refused:
        client.batch_send_message([Message("one"), Message("two", 0, 99)])
    assert (refused.value.type, refused.value.message) == (
        "InvalidArgument",
        "The value of Priority should between 1 and 16 seconds/bytes.",
    )
    assert [message.body for message in queue.messages] == ["one"]


def test_of_a_batch_there_are_one_to_sixteen(client):
    """More messages are refused, and so is an empty batch."""
    assert code_of(client.batch_send_message, [Message("x")] * 17) == "InvalidArgument"
    assert code_of(client.batch_send_message, []) == "InvalidArgument"
    assert code_of(client.batch_delete_message, ["x"] * 17) == "InvalidArgument"


def test_too_long_a_message_is_refused(client):
    """Its length on the wire counts."""
    assert code_of(client.send_message, Message("x" * 50_000)) == "InvalidArgument"


# -- queues themselves


# aliyun-mns-sdk says that it will drop the counts of messages.
@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")
def test_clients_make_change_list_and_delete_queues(ecs, queue, account):
    """As in the service, creating a queue twice succeeds with equal attributes, and fails with others."""
    one = account(queue.endpoint)
    made = one.get_queue("mine")
    url = made.create(QueueMeta(vis_timeout=60, logging_enabled=True))
    assert url == made.create(QueueMeta(vis_timeout=60, logging_enabled=True)) == f"{queue.endpoint}/queues/mine"
    assert code_of(made.create, QueueMeta(vis_timeout=61)) == "QueueAlreadyExist"
    ecs.advance("1m")
    made.set_attributes(QueueMeta(vis_timeout=90, polling_wait_sec=3))
    made.send_message(Message("a"))
    made.send_message(Message("b"))
    made.send_message(Message("c", 60))
    made.receive_message()
    meta = made.get_attributes()
    assert (meta.visibility_timeout, meta.polling_wait_seconds, meta.logging_enabled) == (90, 3, True)
    assert (meta.active_messages, meta.inactive_messages, meta.delay_messages) == (1, 1, 1)
    assert (meta.last_modify_time - meta.create_time, meta.queue_name) == (60, "mine")
    assert one.list_queue() == ([f"{queue.endpoint}/queues/{name}" for name in ("ecs-cms-event", "mine")], "")
    assert one.list_queue(prefix="m") == ([url], "")
    assert one.list_queue(ret_number=1) == ([f"{queue.endpoint}/queues/ecs-cms-event"], "mine")
    assert one.list_queue(marker="mine") == ([url], "")
    made.delete()
    assert code_of(made.get_attributes) == "QueueNotExist"
    assert code_of(made.delete) == "QueueNotExist"


def test_a_list_can_include_the_attributes(queue, request_at):
    """The request has a header for that."""
    endpoint = queue.endpoint.removeprefix("http://")
    _, _, body = request_at(endpoint, "GET", "/queues", **SIGNED, x_mns_with_meta="true")
    assert b"<VisibilityTimeout>30</VisibilityTimeout>" in body


@pytest.mark.parametrize(
    ("name", "code"),
    [("-x", "InvalidQueueName"), ("a_b", "InvalidQueueName"), ("x" * 121, "QueueNameLengthError")],
)
def test_a_name_has_its_letters_and_its_length(queue, account, name, code):
    """It has letters, digits and hyphens, up to 120."""
    made = account(queue.endpoint).get_queue(name)
    assert code_of(made.create, QueueMeta()) == code


def test_a_missing_queue_has_its_own_error(ecs, account):
    """The published handlers check for this error."""
    queue = ecs.queue("there")
    absent = account(queue.endpoint).get_queue("absent")
    for call in (
        absent.receive_message,
        absent.peek_message,
        partial(absent.send_message, Message("x")),
        partial(absent.delete_message, "x"),
        partial(absent.batch_delete_message, ["x"]),
        partial(absent.change_message_visibility, "x", 5),
        partial(absent.set_attributes, QueueMeta()),
    ):
        assert code_of(call) == "QueueNotExist"


def test_a_client_that_waits_at_a_deleted_queue_gets_an_error(ecs, queue, client, account):
    """It gets the error at that instant."""
    worker = threading.Thread(
        target=lambda: (time.sleep(5), account(queue.endpoint).get_queue("ecs-cms-event").delete())
    )
    worker.start()
    assert code_of(client.receive_message, 30) == "QueueNotExist"
    worker.join()
    assert ecs.now.second == 5


# -- invalid requests

ONE = "<Message><MessageBody>x</MessageBody></Message>"
WRONG = {
    "no signature": ("GET", "/queues/q", "", {"Authorization": None}, 400, "MissingAuthorizationHeader"),
    "no such signature": ("GET", "/queues/q", "", {"Authorization": "Basic x"}, 400, "InvalidAuthorizationHeader"),
    "no date": ("GET", "/queues/q", "", {"Date": None}, 400, "MissingDateHeader"),
    "no such path": ("GET", "/queues/q/messages/x", "", {}, 400, "InvalidRequestURL"),
    "no such method": ("PATCH", "/queues/q", "", {}, 400, "InvalidRequestURL"),
    "no XML": ("POST", "/queues/q/messages", "{}", {}, 400, "MalformedXML"),
    "another root": ("POST", "/queues/q/messages", "<Queue/>", {}, 400, "MalformedXML"),
    "a document type": ("POST", "/queues/q/messages", f"<!DOCTYPE x>{ONE}", {}, 400, "MalformedXML"),
    "a document type in UTF-16": ("POST", "/queues/q/messages", f"<!DOCTYPE x>{ONE}".encode("utf-16"), {}, 400, "MalformedXML"),
    "an unknown encoding": ("POST", "/queues/q/messages", f"<?xml version='1.0' encoding='no-such'?>{ONE}", {}, 400,
        "MalformedXML"),
    "no body": ("POST", "/queues/q/messages", "<Message/>", {}, 400, "InvalidArgument"),
    "a priority of words": ("POST", "/queues/q/messages", ONE.replace("</Message>", "<Priority>high</Priority></Message>"), {},
        400, "InvalidQueryString"),
    "an attribute of words": ("PUT", "/queues/q2", "<Queue><DelaySeconds>x</DelaySeconds></Queue>", {}, 400, "InvalidArgument"),
    "an attribute out of range": ("PUT", "/queues/q2", "<Queue><DelaySeconds>-1</DelaySeconds></Queue>", {}, 400, "InvalidArgument"),
    "a changed attribute out of range": ("PUT", "/queues/q?metaoverride=true", "<Queue><VisibilityTimeout>0</VisibilityTimeout>"
        "</Queue>", {}, 400, "InvalidArgument"),
    "a wait of words": ("GET", "/queues/q/messages?waitseconds=x", "", {}, 400, "InvalidQueryString"),
    "too long a wait": ("GET", "/queues/q/messages?waitseconds=31", "", {}, 400, "InvalidArgument"),
    "no handles": ("DELETE", "/queues/q/messages", "", {}, 400, "MissingReceiptHandle"),
    "hiding without a handle": ("PUT", "/queues/q/messages?visibilityTimeout=5", "", {}, 400, "MissingReceiptHandle"),
    "hiding without a time": ("PUT", "/queues/q/messages?receiptHandle=x", "", {}, 400, "MissingVisibilityTimeout"),
    "hiding for no time": ("PUT", "/queues/q/messages?receiptHandle=x&visibilityTimeout=0", "", {}, 400, "InvalidArgument"),
    "too many listed": ("GET", "/queues", "", {"x-mns-ret-number": "1001"}, 400, "InvalidArgument"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_in_the_services_words(ecs, request_at, name):
    """It has the service's code and format."""
    method, path, body, headers, status, code = WRONG[name]
    endpoint = ecs.queue("q").endpoint
    given = {key: value for key, value in {**SIGNED, **headers}.items() if value is not None}
    answered, shown, text = request_at(endpoint.removeprefix("http://"), method, path, body, **given)
    assert (answered, shown["x-mns-version"]) == (status, "2015-06-06")
    assert f"<Code>{code}</Code>".encode() in text
    assert f"<HostId>{endpoint}</HostId>".encode() in text


def test_a_body_may_be_in_another_encoding(ecs, queue, request_at):
    """The XML declaration has the encoding."""
    endpoint = queue.endpoint.removeprefix("http://")
    status, *_ = request_at(endpoint, "POST", "/queues/ecs-cms-event/messages", ONE.encode("utf-16"), **SIGNED)
    assert (status, queue.messages[0].raw) == (201, "x")


def test_a_queue_is_made_without_a_body_too(ecs, request_at):
    """All attributes have their defaults."""
    endpoint = ecs.queue("q").endpoint.removeprefix("http://")
    status, headers, _ = request_at(endpoint, "PUT", "/queues/plain", **SIGNED)
    assert (status, headers["Location"]) == (201, f"http://{endpoint}/queues/plain")


def test_what_is_malformed_is_refused_as_the_queue_does(ecs, raw):
    """Its path selects the queue."""
    endpoint = ecs.queue("q").endpoint.removeprefix("http://")
    head = b"POST /queues/q/messages HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n"
    assert raw(endpoint, head) == (413, "Error", "InvalidRequestURL")


# -- clients that disconnect


def test_a_client_whose_time_is_up_gives_up_in_virtual_time(ecs, queue, client, account):
    """Its own timeout is shorter than the poll; the message that comes later stays for others."""
    account(queue.endpoint).list_queue()  # its connection stays open
    client.mns_client.set_connection_timeout(3)
    with pytest.raises(MNSClientNetworkException):
        client.receive_message(wait_seconds=30)
    assert ecs.now.second == 3
    queue.send("later")
    ecs.advance("1m")
    assert queue.messages[0].dequeue_count == 0


def test_a_handler_that_is_stopped_takes_no_message_with_it(ecs, queue, account):
    """The poll in which it waited ends with it."""
    ecs.run(consume, account, queue.endpoint, {}, until="12s")
    queue.send("later")
    ecs.advance("1m")
    assert (ecs.now.minute, queue.messages[0].dequeue_count) == (1, 0)


def test_a_handler_that_is_cut_off_between_request_and_reply_takes_no_message_with_it(ecs, queue, account, monkeypatch):
    """So on a machine so busy that the handler looks stuck there: it never waits for the reply."""
    ecs.patience = 0.1
    reply = http.client.HTTPConnection.getresponse
    idle = http.client.HTTPConnection(queue.endpoint.removeprefix("http://"))
    idle.request("GET", "/")
    idle.getresponse().read()  # another connection, which waits for no reply

    def getresponse(connection):
        while ecs.now.second >= 10:
            pass
        return reply(connection)

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", getresponse)
    with pytest.raises(StuckHandlerError):
        ecs.run(consume, account, queue.endpoint, {}, until="1m")
    queue.send("later")
    ecs.advance("1m")
    assert queue.messages[0].dequeue_count == 0
    idle.close()


def test_a_process_that_ends_takes_no_message_with_it(ecs, queue):
    """Its poll ends when its connection does."""
    host, port = queue.endpoint.removeprefix("http://").split(":")
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in SIGNED.items())
    with closing(socket.create_connection((host, int(port)))) as line:
        line.sendall(f"GET /queues/ecs-cms-event/messages?waitseconds=30 HTTP/1.1\r\n{head}\r\n".encode())
        while not queue._state.wakes:
            pass
    while queue._state.wakes:
        pass
    queue.send("later")
    assert queue.messages[0].dequeue_count == 0


# -- other clocks, other clients


def test_a_poll_waits_in_the_time_of_time_machine_too(account):
    """This is so with each back end."""
    with EcsEvents(backend="time-machine") as ecs:
        queue = ecs.queue("q")
        client = account(queue.endpoint).get_queue("q")
        assert code_of(client.receive_message, 30) == "MessageNotExist"
        assert ecs.now.second == 30
        queue.send("hello")
        ecs.advance("1h")
        assert body_of(client.receive_message()) == "hello"


def test_a_poll_of_an_event_loop_waits_in_virtual_time(ecs, queue):
    """The client is aiohttp; other tasks of the loop go on."""
    aiohttp = pytest.importorskip("aiohttp")
    shown = []

    async def poll():
        headers = {name.replace("_", "-"): value for name, value in SIGNED.items()}
        url = f"{queue.endpoint}/queues/ecs-cms-event/messages?waitseconds=30"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as reply:
            shown.append((reply.status, ecs.now.second))

    async def work():
        await asyncio.sleep(7)
        shown.append(("worked", ecs.now.second))

    async def both():
        await asyncio.gather(poll(), work())

    asyncio.run(both())
    assert shown == [("worked", 7), (404, 30)]


# -- in real time


def test_where_sleeping_is_real_a_poll_is_so_too(account):
    """A second passes, or less if a message arrives."""
    with EcsEvents(sleep="real") as ecs:
        queue = ecs.queue("q")
        client = account(queue.endpoint).get_queue("q")
        assert code_of(client.receive_message, 1) == "MessageNotExist"
        worker = threading.Timer(0.05, queue.send, ["hello"])
        worker.start()
        assert body_of(client.receive_message(30)) == "hello"
        worker.join()
        assert ecs.now.second == 0


# -- the test's own objects


def test_a_queue_requested_again_is_the_same(ecs, queue):
    """The name alone is enough."""
    assert ecs.queue("ecs-cms-event") is queue
    with pytest.raises(BadArgumentError) as error:
        ecs.queue("ecs-cms-event", names="Instance:StateChange")
    for words in ("'ecs-cms-event' exists already", "ecs_events.queue('ecs-cms-event')"):
        assert words in str(error.value)


def test_queues_and_topics_are_found_by_name(ecs, queue):
    """They are found whatever channel they use."""
    topic, found = ecs.topic("t"), ecs._parts.messaging.subscription_of
    assert (found("queue", "ecs-cms-event"), found("topic", "t")) == (queue.subscription, topic.subscription)
    assert (found("queue", "t"), found("topic", "ecs-cms-event")) == (None, None)


def test_a_queue_and_its_messages_have_a_repr(ecs, queue):
    """Each has a repr of one line."""
    message = queue.send("hello")
    assert repr(queue) == "<Queue 'ecs-cms-event': 1 of 1 messages left>"
    assert repr(message) == f"<QueueMessage {message.message_id}, received 0 times: 'hello'>"
    assert (message.enqueued_at, message.visible_at, message.first_dequeued_at) == (ecs.now, ecs.now, None)
    assert (list(queue), bool(queue), queue.name) == ([message], True, "ecs-cms-event")
    assert queue.attributes["VisibilityTimeout"] == 30


def test_the_first_receipt_is_remembered(ecs, queue, client):
    """It is aware and in UTC."""
    message = queue.send("hello")
    ecs.advance("5s")
    client.receive_message()
    assert message.first_dequeued_at == ecs.now


SENTENCES = {
    "a name of no queue": ({"name": "a_b"}, "The queue 'a_b' cannot have that name. *letters, digits and hyphens*120*"),
    "a name that is none": ({"name": 3}, 'name of ecs_events.queue is 3. *"ecs-cms-event".'),
    "no such format": ({"format": "cloudmonitr"}, "format is 'cloudmonitr'. Pass one of: cloudmonitor, cloudmonitor-minimal, "
        "subscription, eventbridge. Did you mean cloudmonitor?"),
    "no such level": ({"levels": "WARNING"}, "Unknown value 'WARNING' in `levels`. Expected one of: CRITICAL, WARN, INFO. "
        "Did you mean WARN?"),
    "no such option": ({"visibility": 3}, "queue has no option 'visibility'. It has: delay, delay_seconds, drop, duplicate, "
        "event_types, format, keyword_relation, keywords, levels, maximum_message_size, message_retention_period, name, "
        "names, polling_wait_seconds, products, reorder, resource_groups, retries, retry_after, rules_only, seed, statuses, "
        "visibility_timeout. Did you mean visibility_timeout?"),
    "too long a wait": ({"polling_wait_seconds": 31}, "polling_wait_seconds is 31. Pass a whole number from 0 to 30."),
    "half a second": ({"visibility_timeout": 0.5}, "visibility_timeout is 0.5. Pass a whole number from 1 to 43200."),
}  # fmt: skip


@pytest.mark.parametrize("what", SENTENCES)
def test_invalid_arguments_are_refused_with_a_message(ecs, what):
    """The message has the value, what is expected, and the nearest name."""
    given, sentence = SENTENCES[what]
    with pytest.raises(BadArgumentError) as error:
        ecs.queue(**{"name": "q", **given})
    assert fnmatchcase(str(error.value), sentence)


def test_invalid_messages_are_refused_with_a_message(queue):
    """The message has the same parts."""
    with pytest.raises(BadArgumentError) as error:
        queue.send({"name": "x"})
    assert str(error.value) == "body is {'name': 'x'}. Pass text, such as json.dumps({...})."
    with pytest.raises(BadArgumentError) as error:
        queue.send("x", priority=17)
    assert str(error.value) == "Priority must be from 1 to 16."


def test_a_queue_that_the_handler_made_with_other_attributes_is_an_error(ecs, queue, account):
    """The test cannot use it with other attributes."""
    account(queue.endpoint).get_queue("mine").create(QueueMeta(vis_timeout=60))
    with pytest.raises(BadArgumentError) as error:
        ecs.queue("mine")
    assert str(error.value) == "The queue 'mine': the service refuses this with QueueAlreadyExist."


# -- requests and the end of a run


def test_requests_to_queues_are_a_sign_of_life(ecs, client, pass_real_seconds):
    """A handler that drains a queue without sleeping is not stuck."""
    ecs.patience = 1

    def drain():
        for _ in range(5):
            with pytest.raises(MNSServerException):
                client.receive_message()
            pass_real_seconds(0.6)
        return "drained"

    assert ecs.run(drain, until="1h") == "drained"


def test_requests_that_go_on_while_time_stands_end_the_run(ecs, client, monkeypatch):
    """The message says how to go on."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 5)
    ecs.patience = 0.1

    def busy():
        while True:
            with suppress(MNSExceptionBase):
                client.receive_message()

    with pytest.raises(StandingClockError) as error:
        ecs.run(busy, until="1h")
    assert str(error.value) == (
        "The handler made 5 requests to queues while the clock stands at 2030-01-01T00:00:00Z, the last of them "
        "ReceiveMessage of ecs-cms-event. Time does not pass by itself, so run would never end: poll with "
        "wait_seconds, or sleep in the loop."
    )


def test_requests_without_end_outside_run_are_refused(account, monkeypatch):
    """After patience the loop is refused with the reason, which the test's end has too."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 5)
    reasons = set()
    with pytest.raises(StandingClockError, match=r"A loop made \d+ calls.*ReceiveMessage of q"), EcsEvents() as ecs:
        ecs.patience = 0.05
        client = account(ecs.queue("q").endpoint).get_queue("q")
        while "StandingClockError" not in reasons:
            reasons.add(code_of(client.receive_message))
    assert reasons == {"MessageNotExist", "StandingClockError"}


def test_more_requests_are_allowed_where_sleeping_is_real(account, monkeypatch):
    """No handler is under run then, and time passes by itself."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 1)
    with EcsEvents(sleep="real") as ecs:
        client = account(ecs.queue("q").endpoint).get_queue("q")
        assert [code_of(client.receive_message) for _ in range(3)] == ["MessageNotExist"] * 3


def test_refused_requests_are_in_the_story(ecs, queue, account):
    """Otherwise a consumer that swallows them leaves no trace; the line has the nearest name."""
    client = account(queue.endpoint).get_queue("ecs-cms-evnt")
    for _ in range(3):
        assert code_of(client.receive_message) == "QueueNotExist"
        time.sleep(60)
    story = ecs.timeline()
    assert (
        "queue     [server] ReceiveMessage of ecs-cms-evnt -> 404 QueueNotExist (3 times, every 60s, until +00:02:00)\n"
        in story
    )
    assert story.endswith("  There are the queues: ecs-cms-event. Did you mean ecs-cms-event?")


def test_polls_of_an_empty_queue_are_merged_in_the_timeline(ecs, queue, client, request_at):
    """Invalid requests are merged too."""
    assert code_of(client.receive_message) == "MessageNotExist"
    assert request_at(queue.endpoint.removeprefix("http://"), "GET", "/queues/a/b/c", **SIGNED)[0] == 400
    story = ecs.timeline()
    assert "ReceiveMessage of ecs-cms-event -> 404 MessageNotExist" in story
    assert "GET /queues/a/b/c -> 400 InvalidRequestURL" in story


def test_a_poll_of_a_stopped_consumer_takes_no_message_however_late_the_server_reads_it(
    ecs, queue, client, monkeypatch
):
    """Under load the server may not have accepted the connection yet when `run` stops its consumer."""
    real, stopped, end = _Handler.setup, threading.Event(), ecs.now + dt.timedelta(minutes=1)

    def setup(handler):
        if ecs.now >= end:
            stopped.wait(5)
        real(handler)

    give_up = LoopbackClients._give_up

    def late(*args):
        give_up(*args)
        stopped.set()

    monkeypatch.setattr(_Handler, "setup", setup)
    monkeypatch.setattr(LoopbackClients, "_give_up", late)

    def consumer():
        time.sleep(60)
        client.receive_message(wait_seconds=20)

    ecs.run(consumer, until="1m")
    queue.send("late")
    time.sleep(1)
    assert queue.messages[0].dequeue_count == 0
