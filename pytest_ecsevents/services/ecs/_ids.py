"""The source of all ids in a test; it is seeded, so that a test has the same ids on every run."""

import string
from functools import partial
from random import Random
from typing import Final

from pytest_ecsevents.rpc._api import request_id
from pytest_ecsevents.services.ecs._regions import id_prefix

_ALPHABET: Final = string.digits + string.ascii_lowercase


class Ids:
    """Ids in the shapes of the service.

    Attributes:
        random: What they are made of.
        request: Makes the id of a reply.
    """

    def __init__(self, seed: str) -> None:
        self.random: Final = Random(seed)
        self.request: Final = partial(request_id, self.random)
        self._prefixes: Final[dict[str, str]] = {}

    def resource(self, letter: str, region_id: str) -> str:
        """`e-2ze0fimzsoaahlm2hybp`: the kind's letter, the region's prefix, 17 letters and digits."""
        prefix = self._prefixes.get(region_id)
        if prefix is None:
            prefix = self._prefixes[region_id] = id_prefix(region_id)
        return f"{letter}-{prefix}{''.join(self.random.choices(_ALPHABET, k=17))}"

    def order(self) -> str:
        """`204958134718602`: of digits only, like the sample of the reference; how many is a guess."""
        return str(self.random.randrange(10**14, 10**15))
