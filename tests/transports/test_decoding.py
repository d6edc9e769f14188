"""Queries and form bodies are parsed as the standard library parses them."""

from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from pytest_ecsevents.transports._routing import CLOUD_URL, _pairs, decode_api_request

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(WORDS.filter(bool), WORDS)))
def test_an_encoded_query_is_read_back(pairs):
    """The output of urlencode is parsed; of a repeated name, the last value counts."""
    assert _pairs(urlencode(pairs)) == dict(pairs)


@given(st.text(alphabet="ab=&+%2fF;#0Z \u00e9", max_size=40))
def test_any_query_is_read_as_the_standard_library_reads_it(query):
    """Malformed escapes, empty names and stray characters mean the same as in parse_qsl."""
    assert _pairs(query) == dict(parse_qsl(query, keep_blank_values=True, errors="replace"))


def test_a_word_of_every_byte_is_read():
    """Bytes that are not UTF-8 become replacement characters."""
    assert _pairs(f"a=%ff&b={quote_plus(bytes(range(256)))}")["a"] == "\N{REPLACEMENT CHARACTER}"


@given(
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["ecs.aliyuncs.com", "ECS-cn-Hangzhou.aliyuncs.com", "aliyuncs.com", "a.b:c.aliyuncs.com"]),
    st.sampled_from(["", ":80", ":443"]),
    st.text(alphabet="ab=&+%2fF;#0Z/?:@ \u00e9", max_size=40),
)
def test_a_url_is_taken_apart_as_the_standard_library_does(scheme, host, port, rest):
    """Of every URL that is answered, host and query equal those of urlsplit."""
    url = f"{scheme}://{host}{port}{rest}"
    if CLOUD_URL.match(url):
        request = decode_api_request("GET", url, {}, None, "requests")
        parts = urlsplit(url)
        assert (request.host, request.params) == (parts.hostname, _pairs(parts.query))


def test_a_header_is_read_unless_its_parameter_was_sent():
    """A signature by header has no parameter, not even one without a name."""
    headers = {"authorization": "ACS3-HMAC-SHA256 Credential=key", "x-acs-action": "Ours", "x-acs-version": "1"}
    request = decode_api_request("GET", "http://ecs.aliyuncs.com/?=stray&Action=Theirs", headers, None, "requests")
    assert request.headers == {"authorization": "ACS3-HMAC-SHA256 Credential=key", "x-acs-version": "1"}
