"""Faults of operations on queues and topics."""

import contextlib

import pytest

pytest.importorskip("mns")
pytest.importorskip("werkzeug")

from mns.account import Account
from mns.mns_exception import MNSExceptionBase, MNSServerException
from mns.queue import Message

from pytest_ecsevents import BadArgumentError, EcsEvents, UnusedFaultError
from pytest_ecsevents.services.smq._protocol import OPERATIONS


@pytest.fixture
def ecs():
    """A cloud with two queues."""
    with EcsEvents() as ecs_events:
        ecs_events.queue("jobs", rules_only=True)
        ecs_events.queue("other", rules_only=True)
        yield ecs_events


@pytest.fixture
def client(ecs):
    """The SDK's view of a queue; its connections are closed at the end."""
    accounts = []

    def client(name):
        accounts.append(Account(ecs.queue(name).endpoint, "key-id", "key-secret"))
        return accounts[-1].get_queue(name)

    yield client
    for account in accounts:
        account.get_client().close_connection()


def test_a_refused_operation_raises_the_services_error(ecs, client):
    """It has no effect, and the next one works."""
    ecs.fail("SendMessage", "InternalError")
    with pytest.raises(MNSServerException) as refused:
        client("jobs").send_message(Message("work"))
    assert refused.value.type == "InternalError"
    assert ecs.queue("jobs").messages == []
    client("jobs").send_message(Message("work"))
    assert len(ecs.queue("jobs").messages) == 1
    assert "SendMessage of jobs -> 500 InternalError, a fault" in ecs.timeline()


def test_an_error_of_ones_own_and_of_one_queue_alone(ecs, client):
    """An unknown code with a message and a status applies; the other queue is not affected."""
    ecs.fail("DeleteMessage", "Busy", message="Come again.", http_status=503, queue="jobs")
    for name in ("other", "jobs"):
        client(name).send_message(Message("work"))
        received = client(name).receive_message()
        with contextlib.nullcontext() if name == "other" else pytest.raises(MNSServerException, match=r"Come again\."):
            client(name).delete_message(received.receipt_handle)


def test_a_lost_answer_leaves_its_effect(ecs, client):
    """The message was sent, although the client does not know."""
    ecs.fail("SendMessage", "connection reset", acted=True)
    with pytest.raises(MNSExceptionBase):
        client("jobs").send_message(Message("work"))
    assert len(ecs.queue("jobs").messages) == 1
    assert "SendMessage of jobs -> connection reset, answer lost: 201, a fault" in ecs.timeline()


def test_a_request_that_is_lost_has_no_effect(ecs, client):
    """A message that the receiver did not get stays visible."""
    client("jobs").send_message(Message("work"))
    ecs.fail("ReceiveMessage", "connection reset")
    with pytest.raises(MNSExceptionBase):
        client("jobs").receive_message()
    assert client("jobs").receive_message().dequeue_count == 1


def test_a_page_of_a_proxy_instead_of_the_answer(ecs, client):
    """It is no XML."""
    ecs.fail("ReceiveMessage", "bad gateway")
    with pytest.raises(MNSExceptionBase):
        client("jobs").receive_message()
    assert "ReceiveMessage of jobs -> 502 bad gateway, a fault" in ecs.timeline()


def test_a_quota_of_an_operation(ecs, client):
    """Further requests in a virtual minute fail."""
    ecs.quota("SendMessage", per_minute=1, code="Throttled", message="Too many.", http_status=429)
    client("jobs").send_message(Message("work"))
    with pytest.raises(MNSServerException, match="Too many"):
        client("jobs").send_message(Message("work"))
    ecs.advance("1m")
    client("jobs").send_message(Message("work"))


def test_an_unused_fault_of_an_operation_fails_the_test():
    """The error has the nearest request."""
    with pytest.raises(UnusedFaultError) as error, EcsEvents() as ecs_events:
        ecs_events.fail("SendMessage", "InternalError", queue="jobs")
        ecs_events.fail("ListQueue", "InternalError")
        account = Account(ecs_events.queue("other").endpoint, "key-id", "key-secret")
        account.get_queue("other").send_message(Message("work"))
        account.get_client().close_connection()
    assert "SendMessage of jobs: InternalError, met 0 of 1 times. Nearest call: SendMessage of other -> 201." in str(
        error.value
    )
    assert "ListQueue: InternalError, met 0 of 1 times. ListQueue was not called." in str(error.value)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda ecs: ecs.fail("SendMesage", "InternalError"), "Did you mean SendMessage?"),
        (lambda ecs: ecs.fail("SendMessage", "QueueNotExists"), "Did you mean QueueNotExist?"),
        (lambda ecs: ecs.fail("SendMessage", "InternalError", Queue="jobs"), "Did you mean queue? It has: queue."),
        (lambda ecs: ecs.fail("PublishMessage", "InternalError", queue="jobs"), "It has: topic."),
        (
            lambda ecs: ecs.delay("SendMessage", "5s", topic="jobs"),
            "unknown parameter 'topic' of SendMessage. It has: queue.",
        ),
    ],
)
def test_a_wrong_declaration_is_refused_in_a_sentence(ecs, declare, words):
    """A misspelt operation, code or parameter, and a missing queue."""
    with pytest.raises(BadArgumentError) as error:
        declare(ecs)
    assert words in str(error.value)


def test_every_operation_that_has_a_route_can_fail(ecs):
    """The operations that `fail` accepts are those with routes."""
    routes = ecs._parts.messaging.service.routes
    assert {name for route in routes for name in route.operations.split(", ")} == set(OPERATIONS)


def test_a_delayed_operation_acts_when_its_time_has_passed(ecs, client):
    """The client waits in virtual time, and the message is there only then."""
    ecs.delay("SendMessage", "8s", times=1, queue="jobs")
    seen = []
    ecs.at("+7s", lambda: seen.append(len(ecs.queue("jobs").messages)))
    began = ecs.now
    client("other").send_message(Message("work"))
    assert ecs.now == began
    client("jobs").send_message(Message("work"))
    assert (ecs.now - began).total_seconds() == 8
    assert seen == [0]
    assert len(ecs.queue("jobs").messages) == 1


@pytest.mark.parametrize("wait_seconds", [-1, 10])
def test_a_delayed_receiver_gets_what_has_come_by_then(ecs, client, wait_seconds):
    """Whether it polls or not; what is not there yet is no error of a poller before its time."""
    ecs.delay("ReceiveMessage", "5s", times=1)
    ecs.at("+4s", lambda: ecs.queue("jobs").send("work"))
    assert client("jobs").receive_message(wait_seconds).message_body in {"work", b"work"}
    assert f"{ecs.now:%S}" == "05"


def test_a_delayed_poller_polls_from_then_on(ecs, client):
    """Its ten seconds begin when the delay is over."""
    ecs.delay("ReceiveMessage", "5s", times=1)
    ecs.at("+12s", lambda: ecs.queue("jobs").send("work"))
    assert client("jobs").receive_message(10).message_body in {"work", b"work"}
    assert f"{ecs.now:%S}" == "12"


def test_an_operation_that_takes_longer_than_its_client_waits(ecs, client):
    """The client gives up, and the message is sent nevertheless."""
    ecs.delay("SendMessage", "1h", times=1)
    with pytest.raises(MNSExceptionBase):
        client("jobs").send_message(Message("work"))
    ecs.advance("2h")
    assert len(ecs.queue("jobs").messages) >= 1
