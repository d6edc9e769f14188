"""Refusals of the cloud. Their messages are for tests; the API answers each with an error code."""

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, NoSuchNameError


class UnknownInstanceError(NoSuchNameError):
    """The account has no such instance in this region."""


class UnknownEventError(NoSuchNameError):
    """The account has no such event in this region, or it has ended."""


class UnknownWindowError(NoSuchNameError):
    """The account has no such maintenance window."""


class NotSimulatedError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """A user cannot cancel a real event."""


class NotPreemptibleError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """Only a preemptible instance can be reclaimed."""


class UnknownEventTypeError(BadArgumentError, section="nosuchnameerror"):
    """An event type that is not in the catalogue, or that cannot be simulated."""


class NotBeforePassedError(BadArgumentError, section="refusals-of-what-the-test-does"):
    """NotBefore is earlier than now."""


class TooManySimulatedEventsError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The account would have more Scheduled simulated events than allowed."""


class InstanceStatusError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The instance's status does not allow the operation.

    Attributes:
        said: What the service says of it (observed).
    """

    def __init__(self, sentence: str, said: str = "") -> None:
        super().__init__(sentence)
        self.said = said


class InstanceLockedError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The instance is locked for security reasons."""


class InstanceArrearsError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The instance has expired or is in arrears."""


class NothingToRedeployError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The instance has no event that RedeployInstance answers."""


class NotInquiringError(EcsEventsError, section="refusals-of-what-the-test-does"):
    """The event is not Inquiring, so that it cannot be accepted."""
