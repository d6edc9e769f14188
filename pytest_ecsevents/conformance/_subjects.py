"""What the checks are made on: the fake cloud, or the service behind an endpoint. Both through the SDK."""

import datetime as dt
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.face._ecs_events import EcsEvents
from pytest_ecsevents.services._products import ECS, PRODUCTS
from pytest_ecsevents.services.metadata._calls import HOST as METADATA_HOST
from pytest_ecsevents.services.metadata._tokens import DURATION_HEADER, TOKEN_HEADER

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_POLL: Final = dt.timedelta(seconds=5)
_MOST_POLLS: Final = 240


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the service.

    Attributes:
        status: The HTTP status.
        code: The code of an error; "" for success.
        message: The message of an error.
        body: The members of a successful reply.
    """

    status: int
    code: str
    message: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def events(self) -> "list[dict[str, Any]]":
        """The events that a reply of DescribeInstanceHistoryEvents lists."""
        listed: list[dict[str, Any]] = self.body["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return listed

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and code of an error."""
        return self.status, self.code


@dataclass(frozen=True, slots=True)
class Page:
    """A reply to a plain HTTP request: its status, the type of its content, and its text."""

    status: int
    content_type: str
    text: str


class NotTriedError(Exception):
    """A check cannot be made on this subject; the text says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, with a token if it is temporary."""

    access_key_id: str
    secret: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the checks go, and what they may do.

    Attributes:
        region_id: The region.
        instance_id: A running instance in it.
        endpoint: The host to call, with a port if it has one.
        may_reboot: Whether checks may reboot the instance.
        metadata: The host of the metadata service, with a port if it has one; "" if the checks do not run in the instance.
    """

    region_id: str
    instance_id: str
    endpoint: str
    may_reboot: bool
    metadata: str


class Subject(ABC):
    """One service, one region and one running instance in it.

    Attributes:
        target: Where the checks go.
        region_id: The region.
        instance_id: The instance.
        created: The events that checks have created.
    """

    def __init__(self, key: Key, target: Target) -> None:
        self._key: Final = key
        self._clients: Final[dict[Key, Any]] = {}
        self.target: Final = target
        self.region_id: Final = target.region_id
        self.instance_id: Final = target.instance_id
        self.created: Final[list[str]] = []

    @abstractmethod
    def now(self) -> dt.datetime:
        """The service's time, aware UTC, in whole seconds."""

    @abstractmethod
    def wait_until(self, when: dt.datetime) -> None:
        """Wait until the service's time is `when`.

        Raises:
            NotTriedError: That takes longer than the user allows.
        """

    @abstractmethod
    def queues(self) -> str:
        """The URL of the Simple Message Queue.

        Raises:
            NotTriedError: There is none.
        """

    @abstractmethod
    def plain_host(self) -> str:
        """Where plain HTTP requests go."""

    def _client(self, key: Key) -> Any:
        if key not in self._clients:
            from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
            from aliyunsdkcore.client import AcsClient

            pair = (key.access_key_id, key.secret)
            credential = StsTokenCredential(*pair, key.token) if key.token else AccessKeyCredential(*pair)
            self._clients[key] = AcsClient(region_id=self.region_id, credential=credential)
        return self._clients[key]

    @property
    def is_regional(self) -> bool:
        """Whether the endpoint is the region's own."""
        return self.target.endpoint == f"ecs.{self.region_id}.aliyuncs.com"

    def call(
        self,
        action: str,
        params: Mapping[str, object] = _NOTHING,
        *,
        host: str = "",
        key: Key | None = None,
        **named: object,
    ) -> Reply:
        """Call an action. A list is sent as `Name.1`, `Name.2`. RegionId is added unless it is given; what is None is left out."""
        from aliyunsdkcore.acs_exception.exceptions import ServerException
        from aliyunsdkcore.request import CommonRequest

        product = next(one for one in PRODUCTS.values() if action in one.actions)
        if not host:
            is_other = product is not ECS and self.target.endpoint.endswith("aliyuncs.com")
            host = f"{product.hosts[0]}.{self.region_id}.aliyuncs.com" if is_other else self.target.endpoint
        request = CommonRequest(domain=host, version=product.version, action_name=action)
        request.set_accept_format("json")
        for name, value in {"RegionId": self.region_id, **params, **named}.items():
            items = {f"{name}.{i}": one for i, one in enumerate(value, 1)} if isinstance(value, list) else {name: value}
            for wire_name, item in items.items():
                if item is not None:
                    request.add_query_param(wire_name, item)
        try:
            body: dict[str, Any] = json.loads(self._client(key or self._key).do_action_with_exception(request))
        except ServerException as error:
            return Reply(int(error.get_http_status()), str(error.get_error_code()), str(error.get_error_msg()))
        return Reply(200, "", body=body)

    # -- events

    def create(self, event_type: str = "SystemMaintenance.Reboot", *, within: int = 86_400) -> str:
        """Create a simulated event whose NotBefore is `within` seconds from now; returns its id."""
        (event_id,) = self.create_on([self.instance_id], event_type, within=within)
        return event_id

    def create_on(self, instance_ids: list[str], event_type: str, *, within: int) -> list[str]:
        """Create one simulated event for each instance in the list; returns their ids."""
        reply = self.call(
            "CreateSimulatedSystemEvents",
            EventType=event_type,
            NotBefore=text_of(self.now() + dt.timedelta(seconds=within)),
            InstanceId=instance_ids,
        )
        if reply.code:
            raise AssertionError(f"CreateSimulatedSystemEvents was refused with {reply.status} {reply.code}")
        event_ids = [str(one) for one in reply.body["EventIdSet"]["EventId"]]
        self.created.extend(event_ids)
        return event_ids

    def cancel(self, *event_ids: str) -> Reply:
        """Cancel simulated events."""
        return self.call("CancelSimulatedSystemEvents", EventId=list(event_ids))

    def history(self, *statuses: str, **params: object) -> Reply:
        """Query history events in these statuses."""
        named = {"InstanceEventCycleStatus": list(statuses)} if statuses else {}
        return self.call("DescribeInstanceHistoryEvents", {**named, **params})

    def event(self, event_id: str, *, among: Sequence[str]) -> "dict[str, Any]":
        """An event as the history lists it."""
        found = self.history(*among, EventId=[event_id]).events
        if len(found) != 1:
            raise AssertionError(f"{len(found)} events are listed in {', '.join(among)}, expected 1")
        return found[0]

    def status_of(self, event_id: str, *, among: Sequence[str]) -> str:
        """The status of an event."""
        return str(self.event(event_id, among=among)["EventCycleStatus"]["Name"])

    def cancel_what_is_left(self) -> None:
        """Cancel the events that checks have created and that have not ended: failures are Executing from the start."""
        if self.created:
            left = self.history("Scheduled", "Executing", EventId=self.created, PageSize=100).events
            if left:
                self.cancel(*(event["EventId"] for event in left))
            self.created.clear()

    # -- the instance

    def instance_status(self) -> str:
        """The instance's status."""
        reply = self.call("DescribeInstanceStatus", InstanceId=[self.instance_id])
        (instance,) = reply.body["InstanceStatuses"]["InstanceStatus"]
        return str(instance["Status"])

    def reboot(self) -> Reply:
        """Reboot the instance once it is Running, since another check may have rebooted it.

        Raises:
            NotTriedError: The user does not allow that, or it does not become Running in time.
        """
        if not self.target.may_reboot:
            raise NotTriedError("it reboots the instance; --ecs-live-reboot allows that")
        for _ in range(_MOST_POLLS):
            if self.instance_status() == "Running":
                break
            self.wait_until(self.now() + _POLL)
        else:
            raise NotTriedError("the instance does not become Running")
        return self.call("RebootInstance", InstanceId=self.instance_id)

    # -- CloudMonitor's rules

    @contextmanager
    def rule(self, **params: object) -> "Iterator[str]":
        """Make an event rule that never fires; it is deleted at the end. Gives its name."""
        name = name_of_own()
        pattern = {"EventPattern.1.Product": "ecs", "EventPattern.1.NameList.1": "Instance:StateChange"}
        reply = self.call("PutEventRule", {**pattern, **params}, RuleName=name, State="DISABLED")
        if reply.code:
            raise AssertionError(f"PutEventRule was refused with {reply.status} {reply.code}")
        try:
            yield name
        finally:
            self.call("DeleteEventRules", RuleNames=[name])

    def notifications(self, **params: object) -> "list[dict[str, Any]]":
        """What CloudMonitor lists for the event that the check has simulated.

        Raises:
            NotTriedError: It lists nothing.
        """
        reply = self.call("DescribeSystemEventAttribute", params, Product="ECS", PageSize=100)
        listed: list[dict[str, Any]] = reply.body["SystemEvents"]["SystemEvent"]
        if not listed:
            raise NotTriedError("CloudMonitor lists no notification yet; run the checks again in a few minutes")
        return listed

    # -- metadata

    def read(self, path: str, method: str = "GET", *, with_token: bool = True) -> Page:
        """Send a request to the metadata service.

        Raises:
            NotTriedError: The checks do not run inside the instance.
        """
        if not self.target.metadata:
            raise NotTriedError("it needs the metadata of the instance; --ecs-live-metadata allows that inside of it")
        headers = {TOKEN_HEADER: self._token()} if with_token else {}
        return plain(self.target.metadata, method, path, headers=headers)

    def _token(self) -> str:
        return plain(self.target.metadata, "PUT", "/latest/api/token", headers={DURATION_HEADER: "60"}).text

    def temporary_key(self) -> Key:
        """The key of the instance's role.

        Raises:
            NotTriedError: The instance has no role.
        """
        roles = self.read("/latest/meta-data/ram/security-credentials/")
        if roles.status != 200:
            raise NotTriedError("the instance has no role")
        found: dict[str, str] = json.loads(self.read(f"/latest/meta-data/ram/security-credentials/{roles.text}").text)
        return Key(found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])

    # -- queues

    @contextmanager
    def messaging(self) -> "Iterator[Any]":
        """Gives the SDK's object for the account's queues and topics.

        Raises:
            NotTriedError: There is no address of queues, or no SDK.
        """
        address = self.queues()
        try:
            from mns.account import Account
        except ImportError:
            raise NotTriedError("it needs aliyun-mns-sdk, or aliyun-mns") from None
        account = Account(address, self._key.access_key_id, self._key.secret, self._key.token)
        try:
            yield account
        finally:
            account.get_client().close_connection()

    @contextmanager
    def queue(self) -> "Iterator[Any]":
        """Make a queue; it is deleted at the end. Gives the SDK's object for it.

        Raises:
            NotTriedError: There is no address of queues, or no SDK.
        """
        with self.messaging() as account:
            from mns.mns_exception import MNSServerException
            from mns.queue import QueueMeta

            queue = account.get_queue(name_of_own())
            queue.create(QueueMeta())
            try:
                yield queue
            finally:
                with suppress(MNSServerException):  # the check has deleted it
                    queue.delete()


class FakeCloud(Subject):
    """The fake, in this process; its time is virtual."""

    def __init__(self, ecs_events: EcsEvents) -> None:
        ecs_events.instances.add("i-checked", http_tokens="required", ram_role_name="checked")
        target = Target(
            "cn-hangzhou",
            "i-checked",
            "ecs.cn-hangzhou.aliyuncs.com",
            may_reboot=True,
            metadata=METADATA_HOST,
        )
        super().__init__(Key("ak", "secret"), target)
        self._ecs_events: Final = ecs_events

    def now(self) -> dt.datetime:
        return self._ecs_events.now.replace(microsecond=0)

    def wait_until(self, when: dt.datetime) -> None:
        self._ecs_events.advance_to(when)

    def queues(self) -> str:
        return f"http://{self.plain_host()}"

    def plain_host(self) -> str:
        try:
            return self._ecs_events.endpoint
        except EcsEventsError as reason:  # the extra is missing
            raise NotTriedError(str(reason)) from None


class LiveService(Subject):
    """A service behind an endpoint, in real time.

    Args:
        key: The access key.
        target: Where the checks go.
        queues: The URL of the Simple Message Queue; "" for none.
        longest_wait: The most seconds that one check may wait.
    """

    def __init__(self, key: Key, target: Target, *, queues: str, longest_wait: int) -> None:
        super().__init__(key, target)
        self._queues: Final = queues
        self._longest_wait: Final = longest_wait

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.timezone.utc).replace(microsecond=0)

    def wait_until(self, when: dt.datetime) -> None:
        seconds = (when - dt.datetime.now(dt.timezone.utc)).total_seconds()
        if seconds > self._longest_wait:
            raise NotTriedError(f"it takes {seconds:.0f} seconds; --ecs-live-wait allows {self._longest_wait}")
        time.sleep(max(0.0, seconds))

    def queues(self) -> str:
        if not self._queues:
            raise NotTriedError("it needs a queue; --ecs-live-queues has the address of the Simple Message Queue")
        return self._queues

    def plain_host(self) -> str:
        return self.target.endpoint


def name_of_own() -> str:
    """A name that no rule, queue or topic has."""
    return f"ecsevents-conformance-{uuid4().hex}"


def plain(host: str, method: str, path: str, *, headers: "Mapping[str, str] | None" = None, **form: str) -> Page:
    """Send a plain HTTP request, without a signature."""
    with closing(HTTPConnection(host, timeout=10)) as connection:
        typed = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, urlencode(form) or None, {**typed, **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return Page(response.status, response.getheader("Content-Type", ""), text)


def text_of(when: dt.datetime) -> str:
    """A time as the API takes it: `2030-01-01T00:00:00Z`."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
