"""Many random requests, from several clients at once: each gets one answer, each is recorded once, and nothing is lost."""

import http.client
import json
import random
import threading
from contextlib import closing
from urllib.parse import urlencode

import pytest
from sizes import size

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.rpc._wire import ApiRequest
from pytest_ecsevents.services._products import ACTIONS, PRODUCTS

CLIENTS = 4
VALUES = [
    *(
        "i-web1",
        "i-web2",
        "i-none",
        "cn-hangzhou",
        "SystemMaintenance.Reboot",
        "2030-01-02T00:00:00Z",
        "true",
        "1",
        "-1",
        "",
    ),
    *("9" * 30, '["i-web1"]', "[" * 50, "\x00", "\u00e4\u2028", "%", "a" * 3000, "Executed", "*", "Scheduled"),
]

pytestmark = pytest.mark.filterwarnings("ignore::pytest_ecsevents.UnknownParameterWarning")


def requests_of(seed, number):
    """Draw that many random requests, as pairs of a product and parameters, mostly with names of their action."""
    dice = random.Random(f"many/{seed}")
    for _ in range(number):
        product = dice.choice(list(PRODUCTS.values()))
        action = dice.choice([*product.actions, *ACTIONS, "DescribeNothing", ""])
        params = {"Action": action, "Version": product.version, "Format": "JSON", "AccessKeyId": "ak"}
        known = [*ACTIONS[action].parameters.known_names(), "Odd"] if action in ACTIONS else ["Odd"]
        if dice.random() < 0.9:
            params["RegionId"] = "cn-hangzhou"
        for name in dice.sample(known, min(len(known), dice.randrange(5))):
            params[name.replace(".N", f".{dice.choice([1, 1, 2, 999])}")] = dice.choice(VALUES)
        yield product, params


@pytest.fixture
def cloud():
    """A cloud that refuses what it cannot answer in the service's format."""
    with EcsEvents(strict=False) as ecs:
        ecs.patience = 3600  # the clock stands all the time
        for name in ("i-web1", "i-web2"):
            ecs.instances.add(name)
        yield ecs


def check(ecs, ids, number):
    """Check that each request has its own response, and that each response is in the record of one call."""
    assert len(ids) == number
    assert len(set(ids)) == number
    assert sorted(call.response["RequestId"] for call in ecs.calls) == sorted(ids)
    assert ecs._parts.timeline(50)


def test_no_request_to_the_server_is_lost(cloud):
    """The clients keep their connections."""
    number, ids, endpoint = size(50, 25_000), [], cloud.endpoint

    def call(seed):
        with closing(http.client.HTTPConnection(endpoint)) as connection:
            for which, (_, params) in enumerate(requests_of(seed, number)):
                sent = urlencode(params)
                if which % 2:
                    connection.request("GET", f"/?{sent}")
                else:
                    connection.request("POST", "/", sent, {"Content-Type": "application/x-www-form-urlencoded"})
                reply = connection.getresponse()
                assert reply.status < 600
                ids.append(json.loads(reply.read())["RequestId"])

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(cloud, ids, number * CLIENTS)


def test_no_request_to_the_api_is_lost(cloud):
    """No server is involved."""
    number, ids = size(1_000, 100_000), []
    for product, params in requests_of("api", number):
        host = f"{product.hosts[0]}.cn-hangzhou.aliyuncs.com"
        reply = cloud._parts.gateway(ApiRequest("POST", host, params, {}, "random"))
        ids.append(json.loads(reply.body)["RequestId"])
    check(cloud, ids, number)
