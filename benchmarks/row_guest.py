"""What a poll of the metadata service costs beyond the least that `responses` can do."""

from contextlib import contextmanager

from _measure import in_turn, ratio_row

from pytest_ecsevents import EcsEvents

PATH = "latest/meta-data/instance/spot/termination-time"


def rows(quick):
    import requests
    import responses

    session = requests.Session()

    @contextmanager
    def answered_statically():
        with responses.RequestsMock() as mock:
            mock.get(f"http://example.com/{PATH}", status=404, body="404 - Not Found")
            yield

    def poll(host):
        return lambda: session.get(f"http://{host}/{PATH}", timeout=5).content

    # Both sides stand under the one frozen clock: reading a frozen clock costs more than reading a real one.
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        rounds = 21 if quick else 101
        sides = poll("100.100.100.200"), poll("example.com")
        ours, other, ratio = in_turn(*sides, rounds=rounds, around_other=answered_statically)
    yield ratio_row("a poll of metadata / static reply", ours, other, ratio=ratio, most=1.25)
