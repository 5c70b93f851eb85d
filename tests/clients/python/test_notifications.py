"""Notifications, checked with the verifier that the official Python client brings along.

It parses the body, writes it again and hashes that, so it accepts only bodies whose form is
canonical; a body that it accepts is accepted by the verifiers that hash the bytes as well.
"""

import base64
import json
import time

from multisafepay.util.webhook import Webhook
from order_requests import UNKNOWN_CARD, VISA_UNCLEARED_THEN_COMPLETED, direct_order

from gateway import new_order_id

# How far the clock of the notification may be from ours.
CLOCK_DIFFERENCE_S = 60


def _statuses(notifications) -> list[str]:
    return [json.loads(it.body)["status"] for it in notifications]


def _last_notification(shop, order_id: str, status: str):
    told = shop.notifications_when(
        order_id, lambda all_: status in _statuses(all_), f"notified as {status}"
    )
    return told[_statuses(told).index(status)]


def test_the_clients_own_verifier_accepts_the_signature(gateway, orders, shop):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options()))
    notification = _last_notification(shop, order_id, "completed")
    body, auth = notification.body.decode(), notification.headers["auth"]
    assert Webhook.validate(body, auth, gateway.api_key) is True
    assert Webhook.validate(body, auth, gateway.api_key + "x") is False
    assert Webhook.validate(body.replace("2599", "2598"), auth, gateway.api_key) is False


def test_a_notification_says_what_get_says(gateway, orders, shop):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options()))
    notification = _last_notification(shop, order_id, "completed")
    assert notification.method == "POST"
    assert notification.headers["content-type"].startswith("application/json")
    assert "transfer-encoding" not in notification.headers
    assert json.loads(notification.body) == gateway.order(order_id)
    # The shop's own query is kept, and the signature's time is that of the query.
    assert notification.query["type"] == ["notification"]
    signed_at, _ = base64.b64decode(notification.headers["auth"]).decode().split(":")
    assert notification.query["timestamp"] == [signed_at]


def test_a_refused_card_is_notified_as_declined(orders, shop):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options(), UNKNOWN_CARD))
    _last_notification(shop, order_id, "declined")


def test_a_get_notification_has_no_body_and_no_signature(orders, shop):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options(method="GET")))
    notification = shop.notifications_when(order_id, len, "notified")[0]
    assert (notification.method, notification.body) == ("GET", b"")
    assert "auth" not in notification.headers
    assert notification.query["timestamp"][0].isdigit()


def test_a_payment_that_time_decides_is_notified_again(gateway, orders, shop):
    order_id = new_order_id()
    orders.create(direct_order(order_id, shop.payment_options(), VISA_UNCLEARED_THEN_COMPLETED))
    _last_notification(shop, order_id, "uncleared")
    gateway.advance_clock(181)
    notification = _last_notification(shop, order_id, "completed")
    # Receivers refuse what was signed more than ten minutes ago by their clock.
    signed_at = int(notification.query["timestamp"][0])
    assert signed_at > time.time() - CLOCK_DIFFERENCE_S
    assert Webhook.validate(notification.body.decode(), notification.headers["auth"], gateway.api_key)
