"""Why the cloud refuses something; each refusal is worded for the author, and mapped to a code on the wire."""

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, NoSuchNameError


class UnknownInstanceError(NoSuchNameError):
    """No such instance for this account in this region."""


class UnknownEventError(NoSuchNameError):
    """No such event for this account in this region, or it has ended."""


class NotSimulatedError(EcsEventsError):
    """A real event cannot be canceled by its user."""


class NotPreemptibleError(EcsEventsError):
    """An instance that is no preemptible one cannot be reclaimed."""


class UnknownEventTypeError(BadArgumentError):
    """An event type that is not in the catalogue, or that cannot be simulated."""


class NotBeforePassedError(BadArgumentError):
    """NotBefore lies before now."""


class TooManySimulatedEventsError(EcsEventsError):
    """The account has as many Scheduled simulated events as it may have."""


class InstanceStatusError(EcsEventsError):
    """The instance's status does not allow the operation."""


class InstanceLockedError(EcsEventsError):
    """The instance is locked for security reasons."""


class InstanceArrearsError(EcsEventsError):
    """The instance has expired or is in arrears."""


class NothingToRedeployError(EcsEventsError):
    """RedeployInstance found no event that it could answer."""


class NotInquiringError(EcsEventsError):
    """AcceptInquiredSystemEvent found no such event in Inquiring."""
