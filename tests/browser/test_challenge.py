"""A payer answers the issuer's challenge in a real browser, with scripts and without.

The orders are made over HTTP with the body that the project's own example uses
(`fixtures/mission-request.json`), a Mastercard whose issuer always asks.
"""

import json
import pathlib
from urllib.parse import parse_qs, urlsplit

import pytest
from payer import Payer
from selenium.webdriver.common.by import By

from gateway import eventually, new_order_id

ORDER = json.loads(
    (pathlib.Path(__file__).parents[1] / "fixtures" / "mission-request.json").read_text()
)
VISA_WITH_DEVICE_CHECK = "4761340000000019"
VISA_WITHOUT_FUNDS = "4012001038488884"
OPTIONS = ["Y", "A", "N", "U", "R", "cancel"]

PAID = ("completed", "completed", "/thanks")
DECLINED = ("declined", "declined", "/cart")


@pytest.fixture(scope="module", params=[True, False], ids=["scripts", "no-scripts"])
def payer(request):
    payer = Payer(scripts=request.param)
    yield payer
    payer.close()


@pytest.fixture(scope="module")
def payer_with_scripts():
    payer = Payer()
    yield payer
    payer.close()


def _create(gateway, shop, number: str | None = None, **payment_options) -> dict:
    """The example order under a new id, with the local shop's addresses."""
    order = json.loads(json.dumps(ORDER))
    order["order_id"] = new_order_id()
    order["payment_options"] = shop.payment_options() | payment_options
    if number is not None:
        order["gateway_info"]["card_number"] = number
    answer = gateway.create(order)
    assert answer.status == 200 and answer.body["success"] is True, answer
    assert answer.data["status"] == "initialized", answer
    return answer.data


def _back_at_the_shop(payer, shop, path: str, order_id: str):
    """The payer has arrived, once, with the order's id beside the shop's own query."""
    walk = payer.walk_to(shop.url + path)
    if payer.scripts:
        assert walk.pressed == []
    query = parse_qs(urlsplit(payer.browser.current_url).query)
    assert query == {"type": ["redirect" if path == "/thanks" else "cancel"], "transactionid": [order_id]}
    assert len(shop.visits(path, order_id)) == 1


def test_scripts_run_exactly_where_they_should(payer, shop):
    page = "<!DOCTYPE html><title>still</title><script>document.title='moved'</script>"
    payer.open(shop.show("/scripts", page))
    assert payer.browser.title == ("moved" if payer.scripts else "still")


@pytest.mark.parametrize(
    "option, end, reason_code, status, eci",
    [
        ("Y", PAID, None, "Y", "02"),
        ("A", PAID, None, "A", "01"),
        ("N", DECLINED, "3001", "N", None),
        ("U", DECLINED, "4999", "U", None),
        ("R", DECLINED, "3011", "R", None),
        ("cancel", DECLINED, "4999", None, None),
    ],
    ids=OPTIONS,
)
def test_each_option_of_the_challenge_decides_the_order(
    gateway, shop, payer, option, end, reason_code, status, eci
):
    created = _create(gateway, shop)
    order_id = created["order_id"]
    payer.open(created["payment_url"])
    walk = payer.walk_to_challenge()
    if payer.scripts:
        assert walk.pressed == []
    assert payer.options() == OPTIONS
    payer.choose(option)
    _back_at_the_shop(payer, shop, end[2], order_id)

    # The payer is sent back only when the outcome stands.
    order = gateway.order(order_id)
    assert (order["status"], order["financial_status"]) == end[:2], order
    result = order["payment_details"]["card_authentication_result"]
    if status is not None:
        assert result["status"] == status
    if eci is not None:
        assert result["eci"] == eci
        assert order["payment_details"]["card_authentication_details"]["flow"] == "challenge"
        assert order["payment_details"]["response_code"] == "00"
    if reason_code is not None:
        assert order["reason_code"] == reason_code and order["reason"]
    if option == "cancel":
        assert result["challenge_cancel"] == "01"
    books = gateway.hosts_books(order_id)
    assert len(books) == (1 if end is PAID else 0), "the host is asked only after a good challenge"


def test_the_form_in_the_answer_leads_to_the_same_challenge(gateway, shop, payer, tmp_path):
    """As a page of the shop's, and as a file that was saved."""
    for opened_as in ("page", "file"):
        created = _create(gateway, shop)
        html = created["customer_verification"]["html"]
        if opened_as == "page":
            payer.open(shop.show(f"/verify/{created['order_id']}", html))
        else:
            file = tmp_path / "customer_verification.html"
            file.write_text(html)
            payer.open(file.as_uri())
        walk = payer.walk_to_challenge()
        # Without scripts: the form of the answer, the page that asks the browser, the way to the ACS.
        assert len(walk.pressed) <= (0 if payer.scripts else 3), walk
        payer.choose("Y")
        _back_at_the_shop(payer, shop, "/thanks", created["order_id"])
        assert gateway.order(created["order_id"])["status"] == "completed"


def test_a_card_whose_issuer_looks_at_the_device_first_is_challenged_too(gateway, shop, payer):
    created = _create(gateway, shop, VISA_WITH_DEVICE_CHECK)
    payer.open(created["payment_url"])
    payer.walk_to_challenge()
    payer.choose("Y")
    _back_at_the_shop(payer, shop, "/thanks", created["order_id"])
    order = gateway.order(created["order_id"])
    assert order["status"] == "completed"
    assert order["payment_details"]["card_authentication_result"]["eci"] == "05"


def test_a_good_challenge_does_not_make_up_for_missing_funds(gateway, shop, payer):
    created = _create(gateway, shop, VISA_WITHOUT_FUNDS)
    payer.open(created["payment_url"])
    payer.walk_to_challenge()
    payer.choose("Y")
    _back_at_the_shop(payer, shop, "/cart", created["order_id"])
    order = gateway.order(created["order_id"])
    assert (order["status"], order["reason_code"]) == ("declined", "4002")


def test_opening_the_link_again_after_the_end_pays_nothing_twice(gateway, shop, payer_with_scripts):
    payer = payer_with_scripts
    created = _create(gateway, shop)
    order_id = created["order_id"]
    payer.open(created["payment_url"])
    payer.walk_to_challenge()
    challenge = payer.browser.current_url
    payer.choose("Y")
    _back_at_the_shop(payer, shop, "/thanks", order_id)
    before = gateway.order_when(
        order_id, lambda _: _captured(gateway, order_id) == [1000], "captured"
    )

    for address in (created["payment_url"], challenge):
        payer.open(address)
        assert not payer._enter_challenge(), f"{address} asks again"
    payer.open(shop.show(f"/verify/{order_id}", created["customer_verification"]["html"]))
    eventually(lambda: payer.browser.current_url, lambda at: "/verify/" not in at, "led on")
    payer.browser.back()

    assert _captured(gateway, order_id) == [1000]
    after = gateway.order(order_id)
    assert after["transaction_id"] == before["transaction_id"] and after["status"] == "completed"


def _captured(gateway, order_id: str) -> list[int]:
    return [entry["captured"] for entry in gateway.hosts_books(order_id)]


def test_the_example_order_word_for_word_ends_at_its_own_address(gateway, shop):
    """The browser (and it alone) takes the local shop for the example's host."""
    # The id is the example's own, so an earlier run may have paid it.
    gateway.forget_everything()
    assert gateway.call("GET", f"/v1/json/orders/{ORDER['order_id']}").status == 404
    answer = gateway.create(ORDER)
    assert answer.status == 200 and answer.body["success"] is True, answer
    payer = Payer(known_as={"www.example.com": shop.port})
    try:
        payer.open(answer.data["payment_url"])
        payer.walk_to_challenge()
        payer.choose("Y")
        payer.walk_to("http://www.example.com/client/notification")
        assert urlsplit(payer.browser.current_url).query == (
            "type=redirect&transactionid=" + ORDER["order_id"]
        )
    finally:
        payer.close()
    assert gateway.order(ORDER["order_id"])["status"] == "completed"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize(
    "language, direction, button, amount",
    [
        ("nl-NL", "ltr", "Bevestigen", "€\u00a010,00"),
        ("he-IL", "rtl", "אישור", "\u200f10.00\u00a0\u200f€"),
        ("ja-JP", "ltr", "確認", "€10.00"),
    ],
    ids=["dutch", "hebrew", "japanese"],
)
def test_the_bank_speaks_the_language_of_the_browser(
    gateway, shop, scripts, language, direction, button, amount
):
    created = _create(gateway, shop)
    payer = Payer(scripts=scripts, language=language)
    try:
        payer.open(created["payment_url"])
        payer.walk_to_challenge()
        root = payer.browser.find_element(By.TAG_NAME, "html")
        assert root.get_attribute("lang") == language[:2]
        assert root.get_attribute("dir") == direction
        assert payer.browser.find_element(By.TAG_NAME, "button").text == button
        shown = [it.get_attribute("textContent") for it in payer.browser.find_elements(By.TAG_NAME, "dd")]
        assert amount in shown
        payer.photograph(f"2-challenge-{language}-{'scripts' if scripts else 'no-scripts'}")
        payer.walk_to_challenge()
        payer.choose("Y")
        payer.walk_to(shop.url + "/thanks")
    finally:
        payer.close()
    assert gateway.order(created["order_id"])["status"] == "completed"


def test_the_pages_fit_a_desktop_and_a_phone(gateway, shop, payer):
    """Pictures for a person to look at; the width is checked here."""
    suffix = "scripts" if payer.scripts else "no-scripts"
    created = _create(gateway, shop, redirect_url="", cancel_url="")
    payer.open(created["payment_url"])
    if not payer.scripts:
        payer.photograph(f"1-verification-{suffix}")
    payer.walk_to_challenge()
    payer.photograph(f"2-challenge-{suffix}")
    payer.walk_to_challenge()
    payer.choose("Y")
    # No address of a shop's: the gateway's own page ends the walk.
    payer.walk_to_the_end(gateway.base_url)
    payer.photograph(f"3-result-{suffix}")
    assert gateway.order(created["order_id"])["status"] == "completed"
