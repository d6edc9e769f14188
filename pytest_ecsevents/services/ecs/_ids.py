"""The one source of ids in a test; seeded, so that a test prints the same ids on every run."""

import random
import string
from typing import Final

from pytest_ecsevents.services.ecs._regions import id_prefix

_ALPHABET: Final = string.digits + string.ascii_lowercase


class Ids:
    """Ids in the shapes of the service.

    Args:
        seed: What makes this test's ids its own: its node id.
    """

    def __init__(self, seed: str) -> None:
        self._seed: Final = seed
        self._made: Final[dict[str, random.Random]] = {}
        self._prefixes: dict[str, str] = {}

    @property
    def _random(self) -> random.Random:
        # Only when asked for: many a test asks for none, and seeding is dear. `setdefault` has threads agree on one.
        return self._made.get(self._seed) or self._made.setdefault(self._seed, random.Random(self._seed))

    def resource(self, letter: str, region_id: str) -> str:
        """`e-2ze0fimzsoaahlm2hybp`: the kind's letter, the region's prefix, 17 letters and digits."""
        prefix = self._prefixes.get(region_id)
        if prefix is None:
            prefix = self._prefixes[region_id] = id_prefix(region_id)
        return f"{letter}-{prefix}{''.join(self._random.choices(_ALPHABET, k=17))}"

    def request(self) -> str:
        """`AE1FEE18-02A7-5ADC-8E06-1AB491B09A80`."""
        digits = f"{self._random.getrandbits(128):032X}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def order(self) -> str:
        """`204958134718602`: of digits only, like the sample of the reference; how many is a guess."""
        return str(self._random.randrange(10**14, 10**15))
