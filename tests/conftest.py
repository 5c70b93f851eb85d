"""What every suite beside this file is given: the gateway, a shop, and a clean end."""

import signal
import sys

import pytest

from gateway import Gateway
from shop import Shop


def pytest_configure():
    # Asked to end, pytest shall still close browsers and servers that it has opened.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    return Gateway.from_environment()


@pytest.fixture(scope="session")
def shop():
    shop = Shop()
    yield shop
    shop.close()
