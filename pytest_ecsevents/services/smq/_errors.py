"""Errors of the Simple Message Queue: codes, statuses and words of its table of error codes."""

from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.services.smq._refusal import SmqRefusal


@dataclass(frozen=True, slots=True)
class SmqError:
    """One row of the table.

    Attributes:
        code: `Code`.
        http_status: The HTTP status.
        message: `Message`; each "{}" is filled in.
        source: The page it comes from.
    """

    code: str
    http_status: int
    message: str
    source: str = "error codes"


_WORDS: Final = "error codes; the words a guess"
_TOPICS: Final = "codes of the service's SDKs; status and words as those of queues, a guess"

SMQ_ERRORS: Final = {
    row.code: row
    for row in (
        SmqError("MissingAuthorizationHeader", 400, "Authorization header is required."),
        SmqError("InvalidAuthorizationHeader", 400, "The Authorization header format is invalid."),
        SmqError("MissingDateHeader", 400, "Date header is required."),
        SmqError("InvalidArgument", 400, "The value of {} should between {} and {} seconds/bytes."),
        SmqError("InvalidQueryString", 400, 'Http request URL contains invalid querystring item "{}".'),
        SmqError("InvalidRequestURL", 400, "Http request URL format invalid."),
        SmqError("MalformedXML", 400, "The XML you provided was not well-formed."),
        SmqError("MissingReceiptHandle", 400, "ReceiptHandle is required."),
        SmqError("MissingVisibilityTimeout", 400, "VisibilityTimeout is required."),
        SmqError("MessageNotExist", 404, "Message not exist."),
        SmqError("ReceiptHandleError", 400, "The receipt handle you provided is not valid."),
        SmqError("QueueNotExist", 404, "The queue name you provided is not exist."),
        SmqError("QueueAlreadyExist", 409, "The queue you want to create is already exist."),
        SmqError("InvalidQueueName", 400, "The queue name you provided is invalid.", _WORDS),
        SmqError("QueueNameLengthError", 400, "Queue name length should between 1 and {}.", _WORDS),
        SmqError("TopicNameInvalid", 400, "The topic name you provided is invalid.", _TOPICS),
        SmqError("TopicNameLengthError", 400, "Topic name length should between 1 and {}.", _TOPICS),
        SmqError("SubscriptionNameInvalid", 400, "The subscription name you provided is invalid.", _TOPICS),
        SmqError("SubscriptionNameLengthError", 400, "Subscription name length should between 1 and {}.", _TOPICS),
        SmqError("TopicNotExist", 404, "The topic name you provided is not exist.", _TOPICS),
        SmqError("TopicAlreadyExist", 409, "The topic you want to create is already exist.", _TOPICS),
        SmqError("SubscriptionNotExist", 404, "The subscription you provided is not exist.", _TOPICS),
        SmqError("SubscriptionAlreadyExist", 409, "The subscription you want to create is already exist.", _TOPICS),
        SmqError("EndpointInvalid", 400, "The endpoint you provided is invalid.", _TOPICS),
        SmqError("InternalError", 500, "Interal error."),
    )
}
"""The errors by code."""


def worded(refusal: SmqRefusal) -> tuple[SmqError, str]:
    """The row of a refusal, and what it says."""
    row = SMQ_ERRORS[refusal.code]
    return row, row.message.format(*refusal.values)
