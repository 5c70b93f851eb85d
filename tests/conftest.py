"""What every suite beside this file is given: the gateway, a shop, and a clean end."""

import signal

import pytest

from gateway import Gateway
from shop import Shop


def pytest_configure():
    # Asked to end, pytest shall still close browsers and servers that it has opened; of all ways
    # to say so, it takes only this one for more than a failed test.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    return Gateway.from_environment()


@pytest.fixture(scope="session")
def shop():
    shop = Shop()
    yield shop
    shop.close()
