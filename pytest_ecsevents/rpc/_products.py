"""The table of products that the RPC protocol serves; its rows are handed in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from pytest_ecsevents.rpc._action import Action, CallT_contra
from pytest_ecsevents.rpc._wire import JsonObject


@dataclass(frozen=True, slots=True)
class Product(Generic[CallT_contra]):
    """One product's API.

    Attributes:
        name: `Ecs`, as the SDKs and the call log have it.
        version: `2014-05-26`.
        hosts: The first words of its hosts' names: `ecs` of `ecs-cn-hangzhou.aliyuncs.com`.
        actions: Its actions by name.
        nouns: The lists of its replies that the timeline counts, and what it calls their items.
    """

    name: str
    version: str
    hosts: tuple[str, ...]
    actions: Mapping[str, Action[CallT_contra]]
    nouns: Mapping[str, str]


class Products(dict[str, Product[CallT_contra]]):
    """The faked products by name.

    Args:
        products: The rows.
        helpers: Answers to single actions of products that are not faked, by product and action: what an SDK asks before
            it calls a product.
    """

    def __init__(
        self,
        products: Iterable[Product[CallT_contra]],
        helpers: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], JsonObject]],
    ) -> None:
        super().__init__((product.name, product) for product in products)
        self.helpers = helpers
        self._by_host = {word: product.name for product in self.values() for word in product.hosts}

    def name_of(self, host: str) -> str:
        """The name of the product that a host belongs to; of one that is not faked, the first word of the host's name.

        Args:
            host: `ecs-cn-hangzhou.aliyuncs.com`, `metrics.cn-beijing.aliyuncs.com`, `slb.aliyuncs.com`.
        """
        word = host.partition(".")[0].partition("-")[0]
        return self._by_host.get(word, word)
