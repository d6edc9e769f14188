"""Reads pages of the console as a browser without script does."""

import contextlib
import http.client
import re
from html import unescape
from urllib.parse import urlencode


class Reply:
    """A response: its status, headers and text; `said` is its note, and `words` its text without tags."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body.decode()
        note = re.search(r'<p class="note[^"]*">(.*?)</p>', self.text, re.DOTALL)
        self.said = None if note is None else words_of(note[1])

    @property
    def words(self):
        return words_of(self.text)


def words_of(html):
    """The text of HTML, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


class Client:
    """Reads pages of the console and sends its forms, as a browser without script does."""

    def __init__(self, address):
        self.address = address

    def send(self, method, path, body=None, **headers):
        with contextlib.closing(http.client.HTTPConnection(self.address)) as connection:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            is_whole = path in {"/", "/console"} or path.startswith("/console/")
            connection.request(method, path if is_whole else f"/console{path}", body, names)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.headers), reply.read())

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    @property
    def token(self):
        return re.search(r'name="token" value="([^"]+)"', self.get("/events").text)[1]

    def post(self, path, fields=(), **more):
        """Send a form; follows to where it leads."""
        given = [*dict(fields).items(), *more.items()]
        reply = self.send("POST", path, urlencode([("token", self.token), *given], doseq=True))
        if reply.status == 303:
            return self.get(reply.headers["Location"])
        return reply
