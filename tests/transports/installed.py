"""Marks for packages that can be missing."""

from importlib.util import find_spec

import pytest

HAS_AIOHTTP = find_spec("aiohttp") is not None
needs_aiohttp = pytest.mark.skipif(not HAS_AIOHTTP, reason="aiohttp is not installed")
HAS_HTTPX = find_spec("httpx") is not None
needs_httpx = pytest.mark.skipif(not HAS_HTTPX, reason="httpx is not installed")
HAS_HTTPX2 = find_spec("httpx2") is not None
needs_httpx2 = pytest.mark.skipif(not HAS_HTTPX2, reason="httpx2 is not installed")
needs_pycurl = pytest.mark.skipif(find_spec("pycurl") is None, reason="pycurl is not installed")
needs_the_newer_sdk = pytest.mark.skipif(
    find_spec("alibabacloud_ecs20140526") is None, reason="alibabacloud-ecs20140526 is not installed"
)
