"""The hardened mode: tokens and refusals."""

import base64

import pytest

ITEM = "/latest/meta-data/instance-id"
PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
         "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{0}</title>
 </head>
 <body>
  <h1>{0}</h1>
 </body>
</html>
"""


@pytest.fixture
def hardened(ecs_events):
    """An instance that requires a token."""
    return ecs_events.instances.add("i-web1", http_tokens="required")


@pytest.fixture
def last(ecs_events):
    """Return status and hint of the last request."""

    def last():
        call = ecs_events.metadata.calls[-1]
        return call.http_status, call.hint

    return last


@pytest.mark.parametrize("http_tokens", ["", "optional", "required"])
def test_a_token_serves_in_either_mode(ecs_events, ask, token, http_tokens):
    """A request with a token is answered, any number of times, in both modes."""
    ecs_events.instances.add("i-web1", http_tokens=http_tokens)
    issued = token()

    assert len(base64.b64decode(issued)) == 42
    for _ in range(3):
        assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).text == "i-web1"


def test_tokens_are_many(ecs_events, web1, ask, token):
    """Each request for a token gets a new one, and all are valid."""
    issued = {token("60") for _ in range(5)}

    assert len(issued) == 5
    assert {ask(ITEM, X_aliyun_ecs_metadata_token=one).status for one in issued} == {200}


def test_without_a_token(hardened, ask, last):
    """A request without a token, if one is required, gets 403 for every path."""
    for path in ("/", "/latest/", ITEM, "/latest/user-data", "/latest/nothing"):
        reply = ask(path)
        assert (reply.status, reply.text, reply.headers["content-type"]) == (
            403,
            PAGE.format("403 - Forbidden"),
            "text/html",
        )
    assert last() == (403, "HttpTokens of i-web1 is required, and no token was sent")


@pytest.mark.parametrize(("status", "words"), [(401, "Unauthorized"), (404, "Not Found"), (418, "Forbidden")])
def test_the_status_without_a_token_can_be_set(ecs_events, hardened, ask, status, words):
    """Users who know the service's own status set it in one place."""
    assert ecs_events.metadata.no_token_status == 403
    ecs_events.metadata.no_token_status = status

    reply = ask(ITEM)
    assert (reply.status, reply.text) == (status, PAGE.format(f"{status} - {words}"))


def test_a_token_lasts_as_long_as_requested(ecs_events, hardened, ask, token, last):
    """A token is valid in virtual time until its end, then 401."""
    issued = token("60")
    ecs_events.advance("59s")
    assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).status == 200
    ecs_events.advance("1s")

    reply = ask(ITEM, X_aliyun_ecs_metadata_token=issued)
    assert (reply.status, reply.text) == (401, PAGE.format("401 - Unauthorized"))
    assert last() == (401, "the token expired at 2030-01-01T00:01:00Z")


def test_a_token_belongs_to_its_instance(ecs_events, web1, ask, token, last):
    """A token of one instance is invalid in another."""
    ecs_events.instances.add("i-web2")
    with ecs_events.guest("i-web1"):
        issued = token()
    with ecs_events.guest("i-web2"):
        assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).status == 401

    assert last() == (401, "the token was issued to i-web1, not to i-web2")


def test_what_is_no_token(web1, ask, last):
    """A token that was never issued is 401, in the normal mode too."""
    assert ask(ITEM, X_aliyun_ecs_metadata_token="aaa").status == 401
    assert last() == (401, "no such token was issued")


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "1.5", "an hour", "99999999", ""])
def test_a_token_for_no_time(hardened, ask, last, seconds):
    """An invalid lifetime is refused with the documented message."""
    reply = ask("/latest/api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=seconds)

    assert (reply.status, reply.text) == (400, PAGE.format("400 - Missing or Invalid Parameters"))
    said = f"is {seconds!r}" if seconds else "was not sent"
    range_ = "it must be a whole number of seconds from 1 to 21600"
    assert last() == (400, f"x-aliyun-ecs-metadata-token-ttl-seconds {said}; {range_}")


@pytest.mark.parametrize("seconds", ["1", "21600"])
def test_the_shortest_and_the_longest_time(hardened, ask, token, seconds):
    """Both ends of the range are accepted."""
    assert ask(ITEM, X_aliyun_ecs_metadata_token=token(seconds)).status == 200


def test_no_token_through_a_proxy(hardened, ask, last):
    """A request for a token through a proxy is refused first, as in the documented example."""
    reply = ask("/latest/api/token", "PUT", X_Forwarded_For="www.example.com")

    assert (reply.status, reply.text) == (403, PAGE.format("403 - Forbidden"))
    assert last() == (403, "a request for a token must not carry X-Forwarded-For")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ITEM),
        ("DELETE", ITEM),
        ("PUT", ITEM),
        ("PUT", "/2016-01-01/api/token"),
        ("POST", "/latest/api/token"),
        ("GET", "/latest/api/token"),
        ("OPTIONS", "/"),
    ],
)
def test_other_methods(web1, ask, last, method, path):
    """PUT requests a token and GET reads; other methods are refused."""
    assert ask(path, method).status == 405
    assert last() == (405, "PUT serves /latest/api/token, GET all else")


def test_a_disabled_service(ecs_events, ask, token, last):
    """With HttpEndpoint disabled a valid token does not help."""
    ecs_events.instances.add("i-web1", http_endpoint="disabled")

    assert ask(ITEM).status == 403
    assert last() == (403, "HttpEndpoint of i-web1 is disabled")
    assert "403 - Forbidden" in token()
