"""What a shop asks about its site, by the official Python client: methods, categories, itself, and
its transactions in pages."""

import pytest
import requests
from order_requests import direct_order

from gateway import new_order_id

CARDS = {"CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX"}


def test_gateways_are_listed_and_read_one_by_one(sdk):
    manager = sdk.get_gateway_manager()
    listed = manager.get_gateways().get_data()
    # A test site plays the other methods as well.
    assert {it.id for it in listed} > CARDS
    assert all(it.description for it in listed)
    assert manager.get_by_code("visa").get_data().id == "VISA"


def test_payment_methods_are_read_whole(sdk):
    manager = sdk.get_payment_method_manager()
    listed = manager.get_payment_methods().get_data()
    assert {it.id for it in listed} > CARDS - {"CREDITCARD"}
    for method in listed:
        assert method.name and method.type in ("payment-method", "coupon")
        assert method.icon_urls.large.startswith("http")
        assert method.apps.payment_components.is_enabled is False


def test_categories_the_site_and_a_token_for_the_browser(sdk):
    categories = sdk.get_category_manager().get_categories().get_data()
    assert {str(it.code) for it in categories} >= {"100", "114", "999"}
    # The client asks in Dutch (see conftest.py).
    assert any(it.description == "Overig" for it in categories)
    me = sdk.get_me_manager().get().get_data()
    assert me.account_id and me.site_id and me.role == "merchant"
    token = sdk.get_auth_manager().get_api_token().get_data()
    assert token.api_token.startswith("pub.v2.")


def test_the_banks_of_a_method_are_listed_on_a_test_site(sdk):
    response = sdk.get_issuer_manager().get_issuers_by_gateway_code("mybank")
    assert response.get_body_success() is True, response.body
    assert [it["code"] for it in response.get_body_data()] == ["9001", "9002"]


def test_transactions_are_read_page_by_page(sdk, orders, shop):
    names = [new_order_id() for _ in range(3)]
    for name in names:
        created = orders.create(direct_order(name, shop.payment_options(), "4111111111111111"))
        assert created.get_data().status == "completed", created.body
    manager = sdk.get_transaction_manager()
    first = manager.get_transactions(options={"limit": 2, "status": "completed"}).get_data()
    assert [it.order_id for it in first] == [names[2], names[1]]
    assert first[0].transaction_id and first[0].amount
    assert (first[0].debit_credit, first[0].payment_method) == ("C", "VISA")
    cursor = first.get_pager().cursor.after
    options = {"limit": 1, "status": "completed", "after": cursor}
    assert [it.order_id for it in manager.get_transactions(options=options).get_data()] == names[:1]
    newer = {"before": first.get_pager().cursor.before}
    assert len(manager.get_transactions(options=newer).get_data()) == 0


@pytest.mark.parametrize("options", [{"status": "paid"}, {"limit": 0}])
def test_what_is_no_filter_is_refused(sdk, options, gateway):
    answer = requests.get(
        f"{gateway.base_url}/v1/json/transactions",
        params=options,
        headers={"api_key": gateway.api_key},
        timeout=10,
    )
    assert answer.json()["error_code"] == 1000
    assert answer.json()["data"] == {}
