"""The hardened mode: tokens, and what is refused."""

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
    """An instance that tells nothing without a token."""
    return ecs_events.instances.add("i-web1", http_tokens="required")


@pytest.fixture
def last(ecs_events):
    """Status and hint of the last request."""

    def last():
        call = ecs_events.metadata.calls[-1]
        return call.http_status, call.hint

    return last


@pytest.mark.parametrize("http_tokens", ["", "optional", "required"])
def test_a_token_serves_in_either_mode(ecs_events, ask, token, http_tokens):
    """Who sends a token is answered, any number of times, whether one is needed or not."""
    ecs_events.instances.add("i-web1", http_tokens=http_tokens)
    issued = token()

    assert len(base64.b64decode(issued)) == 42
    for _ in range(3):
        assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).text == "i-web1"


def test_tokens_are_many(ecs_events, web1, ask, token):
    """Each request for a token has another one, and all are good."""
    issued = {token("60") for _ in range(5)}

    assert len(issued) == 5
    assert {ask(ITEM, X_aliyun_ecs_metadata_token=one).status for one in issued} == {200}


def test_without_a_token(hardened, ask, last):
    """Who sends no token where one is needed meets 403, for all there is."""
    for path in ("/", "/latest/", ITEM, "/latest/user-data", "/latest/nothing"):
        reply = ask(path)
        assert (reply.status, reply.text, reply.headers["content-type"]) == (
            403,
            PAGE.format("403 - Forbidden"),
            "text/html",
        )
    assert last() == (403, "HttpTokens of i-web1 is required, and no token was sent")


@pytest.mark.parametrize(("status", "words"), [(401, "Unauthorized"), (404, "Not Found"), (418, "Forbidden")])
def test_the_status_without_a_token_is_the_authors_to_choose(ecs_events, hardened, ask, status, words):
    """Who knows better what such a request meets sets it in one place."""
    assert ecs_events.metadata.no_token_status == 403
    ecs_events.metadata.no_token_status = status

    reply = ask(ITEM)
    assert (reply.status, reply.text) == (status, PAGE.format(f"{status} - {words}"))


def test_a_token_lasts_as_long_as_it_was_asked_for(ecs_events, hardened, ask, token, last):
    """A token is good in virtual time until its end, and 401 from then on."""
    issued = token("60")
    ecs_events.advance("59s")
    assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).status == 200
    ecs_events.advance("1s")

    reply = ask(ITEM, X_aliyun_ecs_metadata_token=issued)
    assert (reply.status, reply.text) == (401, PAGE.format("401 - Unauthorized"))
    assert last() == (401, "the token expired at 2030-01-01T00:01:00Z")


def test_a_token_is_its_instances_own(ecs_events, web1, ask, token, last):
    """The token of one instance is none in another."""
    ecs_events.instances.add("i-web2")
    with ecs_events.guest("i-web1"):
        issued = token()
    with ecs_events.guest("i-web2"):
        assert ask(ITEM, X_aliyun_ecs_metadata_token=issued).status == 401

    assert last() == (401, "the token was issued to i-web1, not to i-web2")


def test_what_is_no_token(web1, ask, last):
    """What was never issued is 401, in the normal mode too."""
    assert ask(ITEM, X_aliyun_ecs_metadata_token="aaa").status == 401
    assert last() == (401, "no such token was issued")


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "1.5", "an hour", "99999999", ""])
def test_a_token_for_no_time(hardened, ask, last, seconds):
    """A time that no token may last is refused in the documented words."""
    reply = ask("/latest/api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=seconds)

    assert (reply.status, reply.text) == (400, PAGE.format("400 - Missing or Invalid Parameters"))
    said = f"is {seconds!r}" if seconds else "was not sent"
    range_ = "it must be a whole number of seconds from 1 to 21600"
    assert last() == (400, f"x-aliyun-ecs-metadata-token-ttl-seconds {said}; {range_}")


@pytest.mark.parametrize("seconds", ["1", "21600"])
def test_the_shortest_and_the_longest_time(hardened, ask, token, seconds):
    """Both ends of the range are taken."""
    assert ask(ITEM, X_aliyun_ecs_metadata_token=token(seconds)).status == 200


def test_no_token_through_a_proxy(hardened, ask, last):
    """A request for a token that came through a proxy is refused before all else, as the documented example shows."""
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
        ("OPTIONS", "/"),
    ],
)
def test_other_methods(web1, ask, last, method, path):
    """PUT asks for a token and GET for all else; the rest is refused."""
    assert ask(path, method).status == 405
    assert last() == (405, "PUT serves /latest/api/token, GET all else")


def test_a_token_cannot_be_read(web1, ask):
    """Where tokens are issued there is nothing to be read."""
    assert ask("/latest/api/token").status == 404


def test_a_disabled_service(ecs_events, ask, token, last):
    """With HttpEndpoint disabled a good token does not help either."""
    ecs_events.instances.add("i-web1", http_endpoint="disabled")

    assert ask(ITEM).status == 403
    assert last() == (403, "HttpEndpoint of i-web1 is disabled")
    assert "403 - Forbidden" in token()
