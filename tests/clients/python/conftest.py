"""The official Python client, pointed at the gateway under test."""

import pytest
from multisafepay import Sdk
from multisafepay.client import Client


@pytest.fixture(scope="session")
def client_for(gateway):
    """Makes a client for an API key. It joins paths to a base that ends in `/v1/`; http will do."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(Client.BUILD_PROFILE_ENV, "dev")
        environment.setenv(Client.ALLOW_CUSTOM_BASE_URL_ENV, "1")
        yield lambda api_key: Sdk(
            api_key=api_key, is_production=False, locale="nl_NL", base_url=f"{gateway.base_url}/v1/"
        )


@pytest.fixture(scope="session")
def sdk(gateway, client_for) -> Sdk:
    return client_for(gateway.api_key)


@pytest.fixture(scope="session")
def orders(sdk):
    return sdk.get_order_manager()
