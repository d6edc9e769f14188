"""The settings of the cloud."""

from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros

SIMULATED_LIMIT: Final = 1000
"""Scheduled simulated events an account may have, over all regions (the source article's number)."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings of the cloud.

    Attributes:
        account_id: The default owner of instances and access keys.
        region_id: The region of instances whose id has no region's prefix.
        executing_for: How long an event stays Executing after NotBefore (a guess).
        failures_are_scheduled: Simulated failure events are first Scheduled, as before 2020-12.
        history_is_pending: DescribeInstanceHistoryEvents without statuses returns events that have not ended, with a
            TotalCount of 0, as a note by Alibaba Cloud's staff of 2026-08 says; else those that have ended (documented).
        simulated_limit: How many Scheduled simulated events an account may have.
    """

    account_id: str
    region_id: str
    executing_for: Micros = SECOND
    failures_are_scheduled: bool = False
    history_is_pending: bool = False
    simulated_limit: int = SIMULATED_LIMIT
