"""Browsers of payers, one for a file of tests."""

import pytest
from payer import Payer


@pytest.fixture(scope="module")
def payer():
    payer = Payer()
    yield payer
    payer.close()


@pytest.fixture(scope="module")
def payer_without_scripts():
    payer = Payer(scripts=False)
    yield payer
    payer.close()
