"""Card orders, created and read with the official Python client.

The client loses a whole order when one member has another shape than it expects (it then
answers with a warning instead of data), and raises its HTTP library's error for a 4xx.
What happens after the payment is in test_after_payment.py; tokens are not offered yet.
"""

from decimal import Decimal

import pytest
import requests
from order_requests import (
    MASTERCARD_CHALLENGE,
    UNKNOWN_CARD,
    VISA_AUTHENTICATION_FAILS,
    VISA_CHALLENGE,
    VISA_UNCLEARED_THEN_COMPLETED,
    direct_order,
    with_cart,
)
from pydantic import BaseModel

from gateway import eventually, new_order_id


def _data(response):
    """The order that the client made of an answer; fails if it could not read it as one."""
    assert response.get_body_success() is True, response.body
    assert getattr(response, "warnings", None) is None, "the client could not read the order"
    assert response.get_data() is not None, response.body
    return response.get_data()


def _envelope(error: pytest.ExceptionInfo) -> tuple:
    answer = error.value.response
    body = answer.json()
    assert body["success"] is False and body["data"] == {}, body
    return answer.status_code, body["error_code"], body["error_info"]


def test_a_visa_order_is_completed_in_the_create_answer(orders, shop):
    order_id = new_order_id()
    created = _data(orders.create(direct_order(order_id, shop.payment_options())))
    assert created.order_id == order_id
    assert (created.status, created.financial_status) == ("completed", "completed")
    assert (created.amount, created.currency, created.amount_refunded) == (2599, "EUR", 0)
    assert 13 <= len(created.transaction_id) <= 16 and created.transaction_id.isdigit()
    details = created.payment_details
    assert (details.type, details.last4, details.card_expiry_date) == ("VISA", "1111", "3012")
    assert (details.response_code, len(details.authorization_code)) == ("00", 6)
    assert details.external_transaction_id.isalnum()
    method = created.payment_methods[0]
    assert (method.type, method.status, method.payment_description) == ("VISA", "completed", "Visa")
    assert created.payment_url == f"{shop.url}/thanks?type=redirect&transactionid={order_id}"
    assert created.cancel_url == f"{shop.url}/cart?type=cancel&transactionid={order_id}"


def test_the_client_reads_every_member_as_it_was_sent(orders, shop):
    order_id = new_order_id()
    orders.create(with_cart(direct_order(order_id, shop.payment_options())))
    response = orders.get(order_id)
    compared = _compare(_data(response), response.get_body_data(), "order")
    # The comparison must have been about something: nested objects and lists included.
    assert {
        "order.customer.city",
        "order.payment_details.last4",
        "order.payment_methods[0].status",
        "order.shopping_cart.items[2].merchant_item_id",
        "order.checkout_options.default.rate",
        "order.order_total",
    } <= compared


def _compare(read, sent, path: str) -> set[str]:
    """Compares what the client has read with what was sent; gives back the paths that it compared."""
    if isinstance(read, BaseModel):
        named = {name: value for name, value in read if name in sent}
        missed = [name for name, value in read if value is not None and name not in sent]
        assert not missed, f"{path} has grown {missed}"
        return set().union(*(_compare(value, sent[n], f"{path}.{n}") for n, value in named.items()))
    if isinstance(read, list):
        assert len(read) == len(sent), path
        pairs = enumerate(zip(read, sent))
        return set().union(*(_compare(r, s, f"{path}[{i}]") for i, (r, s) in pairs))
    if isinstance(read, (Decimal, float)):
        assert Decimal(str(read)) == Decimal(str(sent)), path
    elif isinstance(read, str) and not isinstance(sent, str):
        assert read == str(sent), path
    else:
        assert read == sent, path
    return {path}


@pytest.mark.parametrize(
    "form",
    ["{}", "shop {}", "shop/{}", "é-{}", "{}?x=1&y", "#{}", "%41-{}"],
    ids=["dot", "space", "slash", "accent", "query", "hash", "percent"],
)
def test_an_order_id_comes_back_as_it_went(orders, shop, form):
    order_id = form.format(new_order_id())
    assert _data(orders.create(direct_order(order_id, shop.payment_options()))).order_id == order_id
    if "?" in order_id or "#" in order_id:
        # The client repeats the id unescaped in the query of its GET, which these two would end.
        return
    assert _data(orders.get(order_id)).order_id == order_id


def test_an_order_is_found_by_its_transaction_id(orders, shop):
    created = _data(orders.create(direct_order(new_order_id(), shop.payment_options())))
    assert _data(orders.get(created.transaction_id)).order_id == created.order_id


@pytest.mark.parametrize("number", [VISA_CHALLENGE, MASTERCARD_CHALLENGE], ids=["visa", "mastercard"])
def test_a_card_that_is_challenged_leaves_the_order_open(orders, shop, gateway, number):
    order_id = new_order_id()
    response = orders.create(direct_order(order_id, shop.payment_options(), number))
    order = _data(response)
    assert (order.status, order.financial_status) == ("initialized", "initialized")
    assert order.reason == "3D Secure Authorization"
    assert order.payment_url.startswith(gateway.base_url), "the payer goes to the gateway first"
    verification = response.get_body_data()["customer_verification"]
    assert verification["type"] == "form"
    assert "<form" in verification["html"] and "</html>" in verification["html"]
    read = orders.get(order_id)
    assert _data(read).status == "initialized"
    assert not {"customer_verification", "payment_url", "cancel_url"} & set(read.get_body_data())


def test_flexible_3d_asks_for_a_challenge_where_there_would_be_none(orders, shop):
    request = direct_order(new_order_id(), shop.payment_options(), flexible_3d=True)
    response = orders.create(request)
    assert _data(response).status == "initialized"
    assert "customer_verification" in response.get_body_data()


def test_a_refused_card_is_an_answer_and_the_order_can_be_read(orders, shop):
    order_id = new_order_id()
    response = orders.create(direct_order(order_id, shop.payment_options(), UNKNOWN_CARD))
    assert response.get_status_code() == 200
    assert response.get_body_success() is False
    assert (response.get_body_error_code(), response.get_body_error_info()) == (1024, "declined")
    assert response.get_data() is None
    order = _data(orders.get(order_id))
    assert (order.status, order.financial_status) == ("declined", "declined")
    assert order.reason and order.reason_code


def test_a_failed_authentication_is_told_by_reason_3001(orders, shop):
    order_id = new_order_id()
    response = orders.create(
        direct_order(order_id, shop.payment_options(), VISA_AUTHENTICATION_FAILS)
    )
    assert (response.get_body_success(), response.get_body_error_code()) == (False, 1024)
    response = orders.get(order_id)
    order = _data(response)
    assert (order.status, order.reason_code) == ("declined", "3001")
    assert order.reason == "3DS Authentication Failed / Card authentication failed"
    result = response.get_body_data()["payment_details"]["card_authentication_result"]
    assert result["status"] == "N" and result["transaction_status_reason"] == "01"


def test_an_uncleared_payment_is_decided_three_minutes_later(orders, shop, gateway):
    order_id = new_order_id()
    request = direct_order(order_id, shop.payment_options(), VISA_UNCLEARED_THEN_COMPLETED)
    created = _data(orders.create(request))
    assert (created.status, created.financial_status) == ("uncleared", "uncleared")
    gateway.advance_clock(181)
    gateway.order_when(order_id, lambda it: it["status"] != "uncleared", "decided")
    order = _data(orders.get(order_id))
    assert (order.status, order.financial_status) == ("completed", "completed")


def test_the_hosts_books_agree_with_the_order(orders, shop, gateway):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options()))
    # The capture follows the answer.
    books = eventually(
        lambda: gateway.hosts_books(order_id),
        lambda entries: [entry["captured"] for entry in entries] == [2599],
        "captured",
    )
    entry = books[0]
    assert (entry["authorized"], entry["refunded"], entry["reversed"]) == (2599, 0, 0)
    assert (entry["currency"], entry["last4"]) == ("EUR", "1111")


def test_a_cart_is_echoed_so_that_the_client_can_build_an_item_refund_from_it(orders, shop):
    request = with_cart(direct_order(new_order_id(), shop.payment_options()))
    order = _data(orders.create(request))
    assert order.amount == 37485
    assert order.order_total == 374.85
    assert order.order_adjustment.total_tax == 59.85
    items = order.shopping_cart.items
    assert [item.merchant_item_id for item in items] == ["1111", "666666", "msp-shipping"]
    assert [item.quantity for item in items] == [3, 1, 1]
    assert [Decimal(str(item.unit_price)) for item in items] == [90, 35, 10]
    rates = {rule.name: rule.rules[0].rate for rule in order.checkout_options.alternate}
    assert set(map(float, rates.values())) == {0.21, 0.09, 0.0}
    refund = orders.create_refund_request(order).to_dict()
    assert len(refund["checkout_data"]["items"]) == 3


def test_a_cart_that_does_not_add_up_is_refused(orders, shop):
    request = with_cart(direct_order(new_order_id(), shop.payment_options()))
    request.amount = 37486
    with pytest.raises(requests.HTTPError) as error:
        orders.create(request)
    assert _envelope(error)[:2] == (404, 1027)


def test_a_wrong_key_is_refused(gateway, client_for, shop):
    stranger = client_for("not-the-key-of-any-site").get_order_manager()
    order_id = new_order_id()
    with pytest.raises(requests.HTTPError) as error:
        stranger.create(direct_order(order_id, shop.payment_options()))
    assert _envelope(error) == (401, 1032, "Invalid API key")
    assert gateway.call("GET", f"/v1/json/orders/{order_id}").status == 404


def test_an_order_id_that_was_paid_cannot_be_used_again(orders, shop):
    request = direct_order(new_order_id(), shop.payment_options())
    _data(orders.create(request))
    with pytest.raises(requests.HTTPError) as error:
        orders.create(request)
    assert _envelope(error)[:2] == (404, 1006)


def test_an_order_that_nobody_made_is_not_found(orders):
    with pytest.raises(requests.HTTPError) as error:
        orders.get(new_order_id())
    assert _envelope(error) == (404, 1006, "Invalid transaction ID")


@pytest.mark.parametrize("currency", ["AMD", "AZN", "CDF"])
def test_a_currency_that_cards_do_not_take_is_refused(orders, shop, currency):
    request = direct_order(new_order_id(), shop.payment_options())
    request.currency = currency
    with pytest.raises(requests.HTTPError) as error:
        orders.create(request)
    assert _envelope(error)[:2] == (404, 1002)
