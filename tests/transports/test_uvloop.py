"""Hosts of Alibaba Cloud's in loops of uvloop, which looks names up in C."""

import asyncio
import socket
import subprocess
import sys
import textwrap

import pytest

from pytest_ecsevents import UnexpectedCallError

uvloop = pytest.importorskip("uvloop")

HOST = "bucket.oss-cn-hangzhou.aliyuncs.com"


async def by_streams(loop, host):
    """Open a connection."""
    await asyncio.open_connection(host, 443)


async def by_look_up(loop, host):
    """Look a name up."""
    await loop.getaddrinfo(host, 443)


def run(client, host):
    """Run a client in a loop of uvloop."""
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(client(loop, host))
    finally:
        loop.close()


@pytest.mark.parametrize("client", [by_streams, by_look_up])
def test_a_host_of_the_real_cloud_is_refused(ecs, client):
    """The error names the line, or the look-up fails."""
    with pytest.raises(UnexpectedCallError, match=r"was about to be reached at .*test_uvloop\.py:\d+ in by_"):
        run(client, HOST)
    ecs.strict -= {"calls"}
    with pytest.raises(socket.gaierror):
        run(client, HOST)


def test_other_hosts_are_reached(ecs):
    """A server on loopback is connected to, by its address and by its name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        async def connect(loop, host):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            assert await loop.getaddrinfo(host, port)

        for host in ("127.0.0.1", "localhost"):
            run(connect, host)


def test_a_loop_that_is_imported_in_the_test_is_refused_too():
    """The clock changes the same library after its import."""
    source = f"""
        import asyncio
        from pytest_ecsevents import EcsEvents, UnexpectedCallError

        with EcsEvents() as ecs:
            import uvloop
            try:
                uvloop.run(asyncio.open_connection("{HOST}", 443))
            except UnexpectedCallError:
                ecs.strict = False
        """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
