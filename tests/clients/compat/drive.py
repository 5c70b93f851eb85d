"""Makes every call of the official Python client against a running gateway, once.

Prints a line for each: call, outcome (`works`, `not built`, `fails`), what was seen; separated by
tabs. `cargo xtask clients` makes a table of them.
"""

import os
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "python"), str(HERE.parents[1])]

import requests  # noqa: E402
from multisafepay import Sdk  # noqa: E402
from multisafepay.api.paths.capture.request.capture_request import CaptureRequest  # noqa: E402
from multisafepay.api.paths.orders.order_id.capture.request.capture_request import (  # noqa: E402
    CaptureOrderRequest,
)
from multisafepay.api.paths.orders.order_id.refund.request.refund_request import (  # noqa: E402
    RefundOrderRequest,
)
from multisafepay.api.paths.orders.order_id.update.request.update_request import (  # noqa: E402
    UpdateOrderRequest,
)
from multisafepay.client import Client  # noqa: E402
from order_requests import direct_order, with_cart  # noqa: E402

from gateway import Gateway, new_order_id  # noqa: E402

URLS = {
    "redirect_url": "https://shop.example/thanks",
    "cancel_url": "https://shop.example/cart",
    "notification_url": "",
    "notification_method": "POST",
}
REFERENCE = "compat-ada"

gateway = Gateway.from_environment()
os.environ[Client.BUILD_PROFILE_ENV] = "dev"
os.environ[Client.ALLOW_CUSTOM_BASE_URL_ENV] = "1"
sdk = Sdk(gateway.api_key, is_production=False, base_url=f"{gateway.base_url}/v1/")
orders = sdk.get_order_manager()


def options() -> dict:
    return dict(URLS)


def new_order(**more) -> str:
    """The id of an order that was just paid, or authorized."""
    order_id = new_order_id()
    request = direct_order(order_id, options())
    if more.get("capture"):
        request = request.add_capture("manual")
    orders.create(request)
    return order_id


def create():
    return orders.create(direct_order(new_order_id(), options())), lambda it: it.payment_url


def create_redirect():
    request = direct_order(new_order_id(), options()).add_type("redirect")
    request.gateway_info = None
    return orders.create(request), lambda it: it.order_id and it.payment_url


def get():
    order_id = new_order()
    return orders.get(order_id), lambda it: it.order_id == order_id and it.payment_details.type


def ship():
    return orders.update(new_order(), UpdateOrderRequest().add_status("shipped")), None


def refund():
    request = RefundOrderRequest().add_currency("EUR").add_amount(100).add_description("it broke")
    return orders.refund(new_order(), request), lambda it: it.refund_id and it.transaction_id


def refund_items():
    order_id = new_order_id()
    orders.create(with_cart(direct_order(order_id, options())))
    response = orders.refund_by_item(orders.get(order_id).get_data(), "666666", 1)
    return response, lambda it: it.refund_id


def capture():
    order_id = new_order(capture=True)
    request = CaptureOrderRequest(amount=1000, new_order_id=f"{order_id}-a", new_order_status="completed")
    return orders.capture(order_id, request), lambda it: it.order_id and it.transaction_id


def cancel_capture():
    order_id = new_order(capture=True)
    manager = sdk.get_capture_manager()
    request = CaptureRequest(status="cancelled", reason="sold out")
    return manager.capture_reservation_cancel(order_id, request), lambda it: it.success


def _with_token() -> str:
    order_id = new_order_id()
    order = gateway.create({
        "type": "direct", "order_id": order_id, "gateway": "VISA", "currency": "EUR", "amount": 100,
        "description": "to be stored", "recurring_model": "cardOnFile",
        "customer": {"reference": REFERENCE, "email": "ada@shop.example"},
        "payment_options": {"redirect_url": "https://shop.example/thanks"},
        "gateway_info": {"card_number": "4111111111111111", "card_holder_name": "Ada",
                         "card_expiry_date": "3012", "card_cvc": "123"},
    })  # fmt: skip
    return (order.data.get("payment_details") or {}).get("recurring_id") or "none"


CALLS = {
    "create": create,
    "create-redirect": create_redirect,
    "get": get,
    "ship": ship,
    "refund": refund,
    "refund-items": refund_items,
    "capture": capture,
    "cancel-capture": cancel_capture,
    "gateways": lambda: (sdk.get_gateway_manager().get_gateways(), lambda it: it[0].id),
    "gateway": lambda: (sdk.get_gateway_manager().get_by_code("VISA"), lambda it: it.id == "VISA"),
    "payment-methods": lambda: (
        sdk.get_payment_method_manager().get_payment_methods(),
        lambda it: it[0].id and it[0].name,
    ),
    "payment-method": lambda: (
        sdk.get_payment_method_manager().get_by_gateway_code("VISA"),
        lambda it: it.id == "VISA",
    ),
    "issuers": lambda: (sdk.get_issuer_manager().get_issuers_by_gateway_code("mybank"), None),
    "categories": lambda: (sdk.get_category_manager().get_categories(), lambda it: it[0].code),
    "me": lambda: (sdk.get_me_manager().get(), lambda it: it.account_id and it.site_id),
    "api-token": lambda: (sdk.get_auth_manager().get_api_token(), lambda it: it.api_token),
    "tokens": lambda: _with_token()
    and (sdk.get_recurring_manager().get_list(REFERENCE), lambda it: it[0].token),
    "token": lambda: (
        sdk.get_recurring_manager().get(_with_token(), REFERENCE),
        lambda it: it.token,
    ),
    "delete-token": lambda: (sdk.get_recurring_manager().delete(REFERENCE, _with_token()), None),
    "transactions": lambda: (
        new_order() and sdk.get_transaction_manager().get_transactions({"limit": 10}),
        lambda it: it.data[0].transaction_id,
    ),
}


def outcome(call) -> tuple[str, str]:
    try:
        response, holds = call()
    except requests.HTTPError as error:
        body = error.response.json()
        told = f"{error.response.status_code} {body.get('error_code')} {body.get('error_info')}"
        return ("not built" if is_not_built(error.response.status_code, body) else "fails"), told
    except Exception:
        return "fails", traceback.format_exc().strip().splitlines()[-1]
    if response.get_body_success() is not True:
        return "fails", f"{response.get_body_error_code()} {response.get_body_error_info()}"
    if getattr(response, "warnings", None):
        return "fails", "the client could not read the answer"
    if holds is None:
        return "works", ""
    try:
        return ("works", "") if holds(response.get_data()) else ("fails", "a member is missing")
    except Exception:
        return "fails", traceback.format_exc().strip().splitlines()[-1]


def is_not_built(status: int, body: dict) -> bool:
    """How the gateway says that it has no such call, or does not offer that kind of order."""
    code, info = body.get("error_code"), body.get("error_info")
    return status in (404, 405) and (
        (code, info) == (1000, "Not found")
        or code == 1000 and info == "Method not allowed"
        or code == 1023
    )


for name, call in CALLS.items():
    result, seen = outcome(call)
    print(name, result, seen.replace("\t", " "), sep="\t", flush=True)
