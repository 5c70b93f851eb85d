"""What shops do with a paid order, by the official Python client: refunds, captures, shipments.

The scenarios are those of the client's own end-to-end suite: a refund right after a direct payment,
captures in full and in part, the end of a reservation, a shipment, a refund of items of a cart.
"""

import pytest
import requests
from multisafepay.api.paths.capture.request.capture_request import CaptureRequest
from multisafepay.api.paths.orders.order_id.capture.request.capture_request import (
    CaptureOrderRequest,
)
from multisafepay.api.paths.orders.order_id.refund.request.refund_request import (
    RefundOrderRequest,
)
from multisafepay.api.paths.orders.order_id.update.request.update_request import (
    UpdateOrderRequest,
)
from order_requests import direct_order, with_cart

from gateway import eventually, new_order_id

DAY_S = 24 * 60 * 60


def paid(orders, shop, number="4111111111111111") -> str:
    order_id = new_order_id()
    created = orders.create(direct_order(order_id, shop.payment_options(), number))
    assert created.get_data().status == "completed", created.body
    return order_id


def authorized(orders, shop) -> str:
    order_id = new_order_id()
    request = direct_order(order_id, shop.payment_options()).add_capture("manual")
    order = orders.create(request).get_data()
    assert (order.status, order.financial_status) == ("completed", "initialized")
    return order_id


def refund_of(amount: int) -> RefundOrderRequest:
    return (
        RefundOrderRequest().add_currency("EUR").add_amount(amount).add_description("it broke")
    )


def test_a_payment_is_refunded_at_once(orders, shop, gateway):
    order_id = paid(orders, shop)
    response = orders.refund(order_id, refund_of(100))
    assert response.get_body_success() is True, response.body
    refund = response.get_data()
    assert refund.refund_id and refund.transaction_id, response.body
    read = orders.get(order_id).get_data()
    assert read.related_transactions[0].type == "refund"
    assert read.related_transactions[0].status == "reserved"
    gateway.advance_clock(DAY_S)
    gateway.order_when(order_id, lambda it: it["status"] == "partial_refunded", "settled")
    order = orders.get(order_id).get_data()
    assert (order.amount_refunded, order.financial_status) == (100, "completed")
    assert [entry["refunded"] for entry in gateway.hosts_books(order_id)] == [100]


def test_more_than_was_paid_is_not_refunded(orders, shop):
    order_id = paid(orders, shop)
    with pytest.raises(requests.HTTPError) as error:
        orders.refund(order_id, refund_of(2600))
    body = error.value.response.json()
    assert (error.value.response.status_code, body["error_code"]) == (404, 1034)


def test_items_of_a_cart_are_refunded_with_the_whole_cart_beside_them(orders, shop):
    order_id = new_order_id()
    orders.create(with_cart(direct_order(order_id, shop.payment_options())))
    order = orders.get(order_id).get_data()
    response = orders.refund_by_item(order, "666666", 1)
    assert response.get_body_success() is True, response.body
    refund = response.get_data()
    assert refund.refund_id and refund.transaction_id


def test_the_whole_is_captured_under_the_original_name(orders, shop, gateway):
    order_id = authorized(orders, shop)
    request = (
        CaptureOrderRequest()
        .add_amount(2599)
        .add_new_order_id(f"{order_id}-new")
        .add_new_order_status("completed")
        .add_reason("shipped")
    )
    captured = orders.capture(order_id, request).get_data()
    assert (captured.order_id, captured.transaction_id is not None) == (order_id, True)
    assert orders.get(order_id).get_data().financial_status == "completed"
    eventually(
        lambda: gateway.hosts_books(order_id),
        lambda books: [entry["captured"] for entry in books] == [2599],
        "captured",
    )


def test_a_part_is_captured_under_a_new_name_and_the_rest_is_given_back(
    orders, shop, gateway, client_for
):
    order_id = authorized(orders, shop)
    name = f"{order_id}-part"
    request = CaptureOrderRequest().add_amount(10).add_new_order_id(name)
    captured = orders.capture(order_id, request.add_new_order_status("completed")).get_data()
    assert captured.order_id == name
    part = orders.get(name).get_data()
    assert (part.status, part.amount) == ("completed", 10)
    captures = client_for(gateway.api_key).get_capture_manager()
    cancel = CaptureRequest(status="cancelled", reason="sold out")
    response = captures.capture_reservation_cancel(order_id, cancel)
    assert response.get_body_success() is True, response.body
    assert response.get_body_data(), "the client needs an answer with something in it"
    books = eventually(
        lambda: gateway.hosts_books(order_id),
        lambda books: [(it["captured"], it["held"]) for it in books] == [(10, 0)],
        "given back",
    )
    assert books[0]["reversed"] == 2589


def test_a_paid_order_is_shipped(orders, shop):
    order_id = paid(orders, shop)
    response = orders.update(order_id, UpdateOrderRequest().add_status("shipped"))
    assert response.get_body_success() is True, response.body
    order = orders.get(order_id).get_data()
    assert (order.status, order.financial_status) == ("shipped", "completed")


def test_a_paid_order_is_not_cancelled(orders, shop):
    order_id = paid(orders, shop)
    with pytest.raises(requests.HTTPError) as error:
        orders.update(order_id, UpdateOrderRequest().add_status("cancelled"))
    assert error.value.response.status_code == 410
