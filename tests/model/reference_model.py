"""The lifecycle of ECS system events a second time, from the documentation and the decisions only.

It imports nothing of the package. If the documentation is silent, the decision is named; docs/guesses.md lists them as
guesses.
"""

import datetime as dt
from dataclasses import dataclass, field

# The statuses for which CloudMonitor has an event name (2020-12; billing 2019). They are the best published list of a
# type's statuses; "" means that nothing is published, so any is possible.
PUBLISHED = {
    "SystemMaintenance.Reboot": "Inquiring Scheduled Executing Executed Avoided Failed Canceled",
    "SystemMaintenance.Stop": "Scheduled Executing Executed Avoided Failed Canceled",
    "SystemMaintenance.Redeploy": "Inquiring Scheduled Executing Executed Avoided Canceled",
    "SystemMaintenance.RebootAndIsolateErrorDisk": "Inquiring Executing Executed Avoided Canceled",
    "SystemMaintenance.RebootAndReInitErrorDisk": "Inquiring Executing Executed Avoided Canceled",
    "SystemMaintenance.IsolateErrorDisk": "Inquiring Executing Executed Avoided Failed Canceled",
    "SystemMaintenance.ReInitErrorDisk": "Inquiring Executing Executed Avoided Failed Canceled",
    "SystemMaintenance.CleanInactiveDisks": "",
    "SystemMaintenance.StopAndRepair": "",
    "SystemMaintenance.PerformanceImpact": "Scheduled Executing Executed",
    "SystemUpgrade.Migrate": "",
    "SystemFailure.Reboot": "Executing Executed Failed",
    "SystemFailure.Stop": "Executing Executed",
    "SystemFailure.Redeploy": "Inquiring Scheduled Executing Executed Avoided Canceled",
    "SystemFailure.Delete": "Executing Executed Avoided",
    "InstanceFailure.Reboot": "Executing Executed",
    # By invitation; their statuses are a decision.
    "SystemFailure.PerformanceImpact": "Executing Executed",
    "InstanceFailure.PerformanceImpact": "Executing Executed",
    "InstanceExpiration.Stop": "Scheduled Executing Executed Avoided Failed Canceled",
    "InstanceExpiration.Delete": "Scheduled Executing Executed Avoided Failed Canceled",
    "AccountUnbalanced.Stop": "Scheduled Executing Executed Avoided Failed Canceled",
    "AccountUnbalanced.Delete": "Scheduled Executing Executed Avoided Failed Canceled",
    "AccountUnbalanced.PerformanceAffect": "Scheduled Executing Executed Avoided Failed Canceled",
    "SecurityPunish.Locked": "",
    "SecurityPunish.WebsiteBanned": "",
    "Security.TpmAlert": "Executing Executed",
    "Stalled": "Executing Executed",
    "Degraded": "Executing Executed",
    "SeverelyDegraded": "Executing Executed",
    "ErrorDetected": "Executing Executed",
}
DISK_TYPES = ("Stalled", "Degraded", "SeverelyDegraded", "ErrorDetected")

# CreateSimulatedSystemEvents: "After the call the event is Scheduled"; those caused by a system or instance error are
# Executing as soon as they are created.
SIMULATED_MAINTENANCE = ("SystemMaintenance.Reboot", "SystemMaintenance.Stop", "SystemMaintenance.Redeploy")
SIMULATED_FAILURES = (
    "SystemFailure.Reboot",
    "SystemFailure.Stop",
    "SystemFailure.Redeploy",
    "InstanceFailure.Reboot",
)

# RedeployInstance: the types and statuses that it answers, by the description in the newer SDK. Older pages have
# SystemFailure.Redeploy in Scheduled too.
REDEPLOYABLE = {
    "SystemMaintenance.Reboot": ("Inquiring", "Scheduled"),
    "SystemMaintenance.Redeploy": ("Inquiring", "Scheduled"),
    "SystemMaintenance.RebootAndIsolateErrorDisk": ("Inquiring",),
    "SystemMaintenance.RebootAndReInitErrorDisk": ("Inquiring",),
    "SystemMaintenance.IsolateErrorDisk": ("Inquiring",),
    "SystemMaintenance.ReInitErrorDisk": ("Inquiring",),
    "SystemFailure.Redeploy": ("Inquiring",),
}

# A guess: expired, in arrears and locked are the console's names for such instances.
LOCKS = {
    "InstanceExpiration.Stop": "financial",
    "AccountUnbalanced.Stop": "financial",
    "SecurityPunish.Locked": "security",
}

UNFINISHED = ("Inquiring", "Scheduled", "Executing")
EXECUTING_FOR = dt.timedelta(seconds=1)
"""How long an event is Executing unless a test says otherwise (decision)."""

VISIBLE_FOR = dt.timedelta(days=30)


class Refused(Exception):  # noqa: N818  # it is an answer
    """The cloud refuses; the text is the code on the wire."""


def impact(event_type):
    """Return what is after the dot: the event's effect on the instance."""
    return event_type.partition(".")[2]


def statuses(event_type):
    """Return the statuses that a real event of a type can have."""
    every = "Inquiring Scheduled Executing Executed Avoided Failed Canceled"
    return (PUBLISHED[event_type] or every).split()


def births(event_type, simulated, *, failures_are_scheduled=False):
    """Return the first statuses of a type; a sample of 2020 shows a simulated failure Scheduled."""
    if simulated:
        return {"Executing"} if event_type in SIMULATED_FAILURES and not failures_are_scheduled else {"Scheduled"}
    return {status for status in statuses(event_type) if status in UNFINISHED}


@dataclass
class Instance:
    """One instance, its planned statuses, and its history."""

    instance_id: str
    status: str
    locks: set = field(default_factory=set)
    way: list = field(default_factory=list)
    due: tuple | None = None
    is_released: bool = False


@dataclass
class Event:
    """One event, and its history."""

    event_id: str
    event_type: str
    instance_id: str
    simulated: bool
    published: dt.datetime
    not_before: dt.datetime | None
    outcome: str
    status: str
    history: list = field(default_factory=list)
    first_not_before: dt.datetime | None = None
    due: tuple | None = None

    @property
    def finished(self):
        """When it ended, or None."""
        return None if self.status in UNFINISHED else self.history[-1][1]


class Model:
    """One account in one region."""

    def __init__(self, now, *, executing_for=EXECUTING_FOR, failures_are_scheduled=False, takes=None):
        self.now = now
        self._executing_for = executing_for
        self._takes = takes or {}
        self._failures_are_scheduled = failures_are_scheduled
        self.events = []
        self.instances = {}
        self.changes = []
        self._planned = 0

    # -- time

    def advance_to(self, when):
        """Due work happens in the order (instant, order of planning)."""
        while planned := [one for one in (*self.events, *self.instances.values()) if one.due and one.due[0] <= when]:
            first = min(planned, key=lambda one: one.due)
            self.now = max(self.now, first.due[0])
            if isinstance(first, Instance):
                self._walk(first)
            else:
                self._take(first, "Executing" if first.status == "Scheduled" else first.outcome)
        self.now = when

    def _plan(self, one, when):
        self._planned += 1
        one.due = (when, self._planned)

    def _take(self, event, status):
        """Give the event a status now."""
        was, event.status, event.due = event.status, status, None
        event.history.append((status, self.now))
        if status == "Scheduled":
            self._plan(event, event.not_before)
        elif status == "Executing":
            ends_at_not_before = event.simulated and event.event_type in SIMULATED_FAILURES and was != "Scheduled"
            self._plan(event, event.not_before if ends_at_not_before else self.now + self._executing_for)
        if not event.simulated:
            self._act(event)

    # -- instances

    def declare(self, instance_id, status):
        """Declare an instance."""
        self.instances[instance_id] = Instance(instance_id, status)

    def run(self, instance_id, *, starts):
        """Create an instance as a call does: RunInstances starts it, CreateInstance does not."""
        instance = self.instances[instance_id] = Instance(instance_id, None)
        self._go(instance, "Pending", *(["Starting", "Running"] if starts else ["Stopped"]))

    def existing(self, instance_id, code="InvalidInstanceId.NotFound"):
        """Return the instance; raise if it is unknown or released."""
        instance = self.instances.get(instance_id)
        if instance is None or instance.is_released:
            raise Refused(code)
        return instance

    def _operable(self, instance_id, *allowed):
        instance = self.existing(instance_id)
        if "security" in instance.locks:
            raise Refused("InstanceLockedForSecurity")
        if "financial" in instance.locks:
            raise Refused("InstanceExpiredOrInArrears")
        if instance.status not in allowed:
            raise Refused("IncorrectInstanceStatus")
        return instance

    def _go(self, instance, *way):
        """Give it one status after the other, each for the test's duration: no time by default (decision)."""
        instance.way = list(way)
        self._walk(instance)

    def _walk(self, instance):
        instance.due = None
        while instance.way and instance.due is None:
            before, instance.status = instance.status, instance.way.pop(0)
            self.changes.append((instance.instance_id, before, instance.status, self.now))
            if instance.status in self._takes:
                self._plan(instance, self.now + self._takes[instance.status])

    def _act(self, event):
        """Apply a real event's effect on its instance: documented for Reboot, Stop and Delete."""
        instance = self.instances[event.instance_id]
        if instance.is_released:
            return
        if event.status == "Executing":
            if event.event_type in LOCKS:
                instance.locks.add(LOCKS[event.event_type])
            if impact(event.event_type).startswith(("Reboot", "Redeploy")):
                self._have_rebooted(instance)
            # "view-instance-creation-failure-events": the instance is Stopped while SystemFailure.Delete is Executing.
            if impact(event.event_type).startswith("Stop") or event.event_type == "SystemFailure.Delete":
                self._have_stopped(instance)
        elif event.status == "Executed" and impact(event.event_type) == "Delete":
            self._release(instance)

    def _have_rebooted(self, instance):
        """Reboot it if it runs (documented for Stopped; for Pending and Stopping a decision)."""
        if instance.status in ("Starting", "Running"):
            self._go(instance, "Stopping", "Starting", "Running")

    def _have_stopped(self, instance):
        """Stop it from any status; one that is Stopping takes no longer than planned."""
        if instance.status == "Stopping":
            instance.way = ["Stopped"]
        elif instance.status == "Pending":
            self._go(instance, "Stopped")
        elif instance.status != "Stopped":
            self._go(instance, "Stopping", "Stopped")

    def _of(self, instance_id):
        """Return its events; those of its disks belong to the disks."""
        return [e for e in self.events if e.instance_id == instance_id and e.event_type not in DISK_TYPES]

    def reboot(self, instance_id, *, in_guest=False):
        """Through the API or the console it answers all planned reboots before their NotBefore."""
        instance = self._operable(instance_id, "Running")
        for event in self._of(instance_id):
            if not in_guest and (event.event_type, event.status) == ("SystemMaintenance.Reboot", "Scheduled"):
                self._take(event, "Avoided")
        self._go(instance, "Stopping", "Starting", "Running")

    def stop(self, instance_id):
        """It answers nothing (decision)."""
        self._go(self._operable(instance_id, "Running"), "Stopping", "Stopped")

    def start(self, instance_id):
        """The same."""
        self._go(self._operable(instance_id, "Stopped"), "Starting", "Running")

    def redeploy(self, instance_id):
        """It answers real events of the documented types and statuses; without one, it is refused (decision)."""
        instance = self._operable(instance_id, "Running", "Stopped")
        answered = [
            event
            for event in self._of(instance_id)
            if not event.simulated and event.status in REDEPLOYABLE.get(event.event_type, ())
        ]
        if not answered:
            raise Refused("InvalidOperation.RedeployInstance")
        for event in answered:
            self._take(event, "Avoided")
        self._go(instance, *(["Stopping"] if instance.status == "Running" else []), "Starting", "Running")

    def renew(self, instance_id):
        """Renewal before NotBefore avoids billing events (inferred), and removes the lock (a guess)."""
        instance = self.existing(instance_id)
        for event in self._of(instance_id):
            if (
                event.event_type.startswith(("InstanceExpiration.", "AccountUnbalanced."))
                and event.status == "Scheduled"
            ):
                self._take(event, "Avoided")
        instance.locks.discard("financial")

    def release(self, instance_id):
        """Release the instance; its simulated events, and those that have not begun, are canceled (decision).

        A SystemFailure.Delete that is Executing is Avoided (documented); the other Delete is too (decision).
        """
        self._release(self.existing(instance_id))

    def delete(self, instance_id, *, force):
        """DeleteInstance: refused while it is Pending, and without Force unless it is Stopped."""
        instance = self.existing(instance_id)
        if instance.status == "Pending":
            raise Refused("IncorrectInstanceStatus.Initializing")
        if instance.status != "Stopped" and not force:
            raise Refused("IncorrectInstanceStatus")
        self._release(instance)

    def _release(self, instance):
        for event in self._of(instance.instance_id):
            if event.status in UNFINISHED and (event.simulated or event.status != "Executing"):
                self._take(event, "Canceled")
            elif event.status == "Executing" and impact(event.event_type) == "Delete":
                self._take(event, "Avoided")
        instance.is_released, instance.due = True, None
        self.changes.append((instance.instance_id, instance.status, None, self.now))

    # -- events

    def create(self, event_id, event_type, instance_id, *, simulated, not_before, status, outcome):
        """Publish an event."""
        born = births(event_type, simulated, failures_are_scheduled=self._failures_are_scheduled)
        assert status in born, (event_type, simulated, status)
        assert outcome == "Executed" or (not simulated and outcome in statuses(event_type))
        runs_at_once = status == "Executing" and not simulated
        event = Event(
            event_id=event_id,
            event_type=event_type,
            instance_id=instance_id,
            simulated=simulated,
            published=self.now,
            # Observed: a real failure's NotBefore is the instant of its publication.
            not_before=self.now if runs_at_once else not_before,
            outcome=outcome,
            status="",
        )
        self.events.append(event)
        self._take(event, status)

    def event(self, event_id, code="InvalidEventId.NotFound"):
        """Return the event, also one of a disk."""
        found = [event for event in self.events if event.event_id == event_id]
        if not found:
            raise Refused(code)
        return found[0]

    def cancel(self, event_ids):
        """Cancel simulated events in Scheduled or Executing; all or none (decision)."""
        events = [self.event(event_id) for event_id in event_ids]
        for event in events:
            if not event.simulated:
                raise Refused("CannotCancelSystemEvent.NotSimulated")
            if event.status not in UNFINISHED:
                raise Refused("InvalidEventId.NotFound")
        for event in dict.fromkeys(event.event_id for event in events):
            self._take(self.event(event), "Canceled")

    def accept(self, event_id):
        """An Inquiring event runs once it is accepted."""
        event = self.event(event_id, "InvalidEventId.NoInquiringEventFound")
        if event.status != "Inquiring":
            raise Refused("InvalidEventId.NoInquiringEventFound")
        self._take(event, "Executing")

    def reschedule(self, event_id, not_before, *, by_user=False):
        """Give a Scheduled event another NotBefore; the first one is shown as well.

        By a user, with ModifySystemEventAttribute: "only scheduled O&M events", "cannot be later than the initial planned
        execution time". Which types these are, and the codes, are decisions.
        """
        event = self.event(event_id)
        if event.status != "Scheduled" or (by_user and not event.event_type.startswith("SystemMaintenance.")):
            raise Refused("InvalidEventId.NotFound")
        if not_before < self.now:
            raise Refused("InvalidNotBefore.Passed")
        if by_user and not_before > (event.first_not_before or event.not_before):
            raise Refused("InvalidParameter")
        event.first_not_before = event.first_not_before or event.not_before
        event.not_before = not_before
        self._take(event, "Scheduled")

    # -- views

    def history_events(self, wanted=("Executed", "Avoided", "Canceled", "Failed")):
        """Return DescribeInstanceHistoryEvents: finished events by default, and those for 30 days."""
        shown = [
            event
            for event in self.events
            if event.event_type not in DISK_TYPES
            and event.status in wanted
            and (event.finished is None or event.finished >= self.now - VISIBLE_FOR)
        ]
        return [history_view(event) for event in newest_first(shown)]

    def full_status(self):
        """Return DescribeInstancesFullStatus: every instance with its events in Scheduled and Inquiring."""
        return {
            instance.instance_id: (
                instance.status,
                [
                    planned_view(event)
                    for event in newest_first(self._of(instance.instance_id))
                    if event.status in ("Scheduled", "Inquiring")
                ],
            )
            for instance in self.instances.values()
            if not instance.is_released
        }


def newest_first(events):
    """Newest publication first, then by id (decision)."""
    return sorted(sorted(events, key=lambda event: event.event_id), key=lambda event: event.published, reverse=True)


def on_the_wire(when):
    """Event times have whole seconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def planned_view(event):
    """Return the members that both queries show, except the codes."""
    view = {
        "EventId": event.event_id,
        "EventType": event.event_type,
        "EventCycleStatus": event.status,
        "EventPublishTime": on_the_wire(event.published),
    }
    if event.not_before is not None:
        view["NotBefore"] = on_the_wire(event.not_before)
    if event.simulated:
        view["Reason"] = "A simulated event."
    return view


def history_view(event):
    """Return an event as in DescribeInstanceHistoryEvents."""
    view = {**planned_view(event), "InstanceId": event.instance_id}
    if event.finished is not None:
        view["EventFinishTime"] = on_the_wire(event.finished)
    if event.first_not_before is not None:
        view["InitialNotBefore"] = on_the_wire(event.first_not_before)
    return view
