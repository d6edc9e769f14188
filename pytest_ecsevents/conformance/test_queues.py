"""The Simple Message Queue, through its own SDK. Each check makes a queue, and deletes it."""

from collections.abc import Callable
from typing import Any

from pytest_ecsevents.conformance._rules import rule, same
from pytest_ecsevents.conformance._subjects import Subject, name_of_own


def _code(function: Callable[..., Any], *args: object) -> str:
    """The code of an error, or ""."""
    from mns.mns_exception import MNSServerException

    try:
        function(*args)
    except MNSServerException as refused:
        return str(refused.type)
    return ""


def _sent(queue: Any, text: str) -> None:
    from mns.queue import Message

    queue.send_message(Message(text))


@rule("A message can be sent, received and deleted", source="reference of the Simple Message Queue")
def test_message(subject: Subject) -> None:
    with subject.queue() as queue:
        _sent(queue, "hello")
        received = queue.receive_message(3)
        same("code", _code(queue.delete_message, received.receipt_handle), "")
        same("body", received.message_body in ("hello", b"hello"), expected=True)


@rule("A handle of a deleted message is refused with MessageNotExist", guess="handles")
def test_used_handle(subject: Subject) -> None:
    with subject.queue() as queue:
        _sent(queue, "hello")
        handle = queue.receive_message(3).receipt_handle
        queue.delete_message(handle)
        same("code", _code(queue.delete_message, handle), "MessageNotExist")


@rule("A handle that never was is refused with ReceiptHandleError", guess="handles")
def test_made_up_handle(subject: Subject) -> None:
    with subject.queue() as queue:
        same("code", _code(queue.delete_message, "1-no-such-handle"), "ReceiptHandleError")


@rule("Deleting a queue that does not exist is refused with QueueNotExist", guess="missing-queue")
def test_missing_queue(subject: Subject) -> None:
    with subject.queue() as queue:
        queue.delete()
        same("code", _code(queue.delete), "QueueNotExist")


@rule("A changed delay does not hold for messages that were sent before", guess="changed-queue")
def test_changed_delay(subject: Subject) -> None:
    from mns.queue import QueueMeta

    with subject.queue() as queue:
        _sent(queue, "before")
        queue.set_attributes(QueueMeta(delay_sec=600))
        same("code of receiving it", _code(queue.receive_message, 3), "")


@rule("A topic that does not exist is TopicNotExist", guess="errors-of-queues")
def test_missing_topic(subject: Subject) -> None:
    with subject.messaging() as account:
        same("code", _code(account.get_topic(name_of_own()).get_attributes), "TopicNotExist")
