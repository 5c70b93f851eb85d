"""A payer types a card on the payment page: in languages, on a phone, with scripts and without.

Each page that is met is also read by axe, which knows most of WCAG 2.2 AA, and photographed; the
photographs are there to be looked at.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from page import (
    field,
    look,
    make_offer,
    notice,
    pay,
    set_theme,
    turn_page,
    type_card,
    wait,
)
from payer import PHONE
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gateway import new_order_id

VISA_WITHOUT_3DS = "4012001038443335"
CARD_WITH_CHALLENGE = "5555555555554444"
VISA_WITHOUT_FUNDS = "4012001038488884"
AMEX = "374500000000015"

CART = {
    "items": [
        {
            "name": "City bike, 28 inch, dark green",
            "unit_price": "371.9008264463",
            "quantity": 1,
            "merchant_item_id": "bike-28",
            "tax_table_selector": "high",
        },
        {
            "name": "Welcome discount",
            "unit_price": "-8.2644628099",
            "quantity": 1,
            "merchant_item_id": "discount",
            "tax_table_selector": "high",
        },
    ]
}
TAXES = {"tax_tables": {"alternate": [{"name": "high", "rules": [{"rate": "0.21"}]}]}}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "locale, amount, direction",
    [
        ("en_US", "€10.00", "ltr"),
        ("nl_NL", "€\u00a010,00", "ltr"),
        ("de_DE", "10,00\u00a0€", "ltr"),
        ("ar_AE", "10.00\u00a0€", "rtl"),
        ("ja_JP", "€10.00", "ltr"),
        ("fr_FR", "10,00\u00a0€", "ltr"),
        ("he_IL", "10.00", "rtl"),
    ],
)
def test_the_page_can_be_read_in(gateway, shop, payer, locale, amount, direction, theme):
    offer = make_offer(gateway, shop, locale)
    set_theme(payer, theme)
    payer.open(offer["payment_url"])
    root = payer.browser.find_element(By.TAG_NAME, "html")
    assert root.get_attribute("lang") == locale[:2]
    assert root.get_attribute("dir") == direction
    button = payer.browser.find_element(By.ID, "pay").get_attribute("textContent")
    assert amount in button, button
    look(payer, f"page-{locale}-{theme}")
    set_theme(payer, "light")


def test_a_cart_and_faults_can_be_read(gateway, shop, payer):
    offer = make_offer(
        gateway, shop, "nl_NL", amount=44000, shopping_cart=CART, checkout_options=TAXES
    )
    payer.open(offer["payment_url"])
    type_card(payer, "4111 1111 1111 1112", expiry="13/31", cvc="1")
    pay(payer)
    faults = [it.text for it in payer.browser.find_elements(By.CSS_SELECTOR, ".fault") if it.text]
    assert len(faults) == 3, faults
    assert payer.browser.switch_to.active_element.get_attribute("id") == "card_number"
    look(payer, "page-faults")


def test_the_form_helps_while_a_card_is_typed(gateway, shop, payer):
    payer.open(make_offer(gateway, shop)["payment_url"])
    number = field(payer, "card_number")
    number.send_keys("4111111111111111")
    assert number.get_attribute("value") == "4111 1111 1111 1111"
    shown = payer.browser.find_element(By.CSS_SELECTOR, "#brands .is")
    assert shown.get_attribute("data-brand") == "visa"
    # A digit in the middle is replaced where it stands.
    number.send_keys(*[Keys.ARROW_LEFT] * 8, Keys.BACKSPACE, "2")
    assert number.get_attribute("value") == "4111 1111 2111 1111"
    # The gap between two groups is no digit: who deletes it means the digit beside it.
    number.clear()
    number.send_keys("41234567", *[Keys.ARROW_LEFT] * 4, Keys.BACKSPACE)
    assert number.get_attribute("value") == "4124 567"
    number.send_keys("3")
    assert number.get_attribute("value") == "4123 4567"
    number.send_keys(Keys.DELETE)
    assert number.get_attribute("value") == "4123 567"
    number.clear()
    number.send_keys("٣٧٤٥٠٠٠٠٠٠٠٠٠١٥")
    assert number.get_attribute("value") == "3745 000000 00015"
    assert field(payer, "card_cvc").get_attribute("maxLength") == "4"
    expiry = field(payer, "card_expiry")
    expiry.send_keys("830")
    assert expiry.get_attribute("value") == "08/30"
    expiry.send_keys(*[Keys.BACKSPACE] * 3)
    assert expiry.get_attribute("value") == "08"


def test_a_card_without_3ds_pays_at_once(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["status"] == "completed"
    assert len(shop.visits("/thanks", offer["order_id"])) == 1
    # Back, and the same link again, lead to the shop and not to a second payment.
    payer.open(offer["payment_url"])
    payer.walk_to(shop.url + "/thanks")


def test_a_challenge_is_part_of_the_journey(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, CARD_WITH_CHALLENGE)
    pay(payer)
    payer.walk_to_challenge()
    payer.choose("Y")
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_another_card_pays_after_a_declined_one(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, VISA_WITHOUT_FUNDS)
    turn_page(payer, lambda: pay(payer))
    if not notice(payer):
        payer.walk_to_challenge()
        payer.choose("Y")
        payer.browser.switch_to.default_content()
    wait(payer, lambda: "declined" in notice(payer), "the card is declined")
    assert field(payer, "card_number").get_attribute("value") == ""
    assert field(payer, "card_cvc").get_attribute("value") == ""
    look(payer, "page-declined")
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_who_cancels_can_still_pay(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    payer.browser.find_element(By.CSS_SELECTOR, "button.leave").click()
    payer.walk_to(shop.url + "/cart")
    query = parse_qs(urlsplit(payer.browser.current_url).query)
    assert query["transactionid"] == [offer["order_id"]]
    payer.open(offer["payment_url"])
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.url + "/thanks")


def _store(gateway, reference, number, code, expiry):
    """Stores a card for a payer, as a shop does that has the payer's consent."""
    order = {
        "type": "direct",
        "order_id": new_order_id(),
        "gateway": "CREDITCARD",
        "currency": "EUR",
        "amount": 100,
        "description": "City bike, first order",
        "recurring_model": "cardOnFile",
        "customer": {"locale": "en_US", "ip_address": "203.0.113.25", "reference": reference},
        "gateway_info": {
            "card_number": number,
            "card_holder_name": "J. de Vries",
            "card_expiry_date": expiry,
            "card_cvc": code,
        },
    }
    answer = gateway.create(order)
    assert answer.status == 200 and answer.data["status"] == "completed", answer
    return answer.data["payment_details"]["recurring_id"]


def _payer_with_two_cards(gateway) -> str:
    reference = new_order_id()
    _store(gateway, reference, AMEX, "1234", "3112")
    _store(gateway, reference, VISA_WITHOUT_3DS, "123", "3108")
    return reference


def _offer_to(gateway, shop, reference, locale="en_US", **members) -> dict:
    customer = {"locale": locale, "country": "NL", "reference": reference}
    return make_offer(gateway, shop, locale, customer=customer, **members)


def _radios(payer):
    return payer.browser.find_elements(By.CSS_SELECTOR, ".saved input")


def test_a_stored_card_is_paid_with_by_its_code_and_the_keyboard(gateway, shop, payer):
    offer = _offer_to(gateway, shop, _payer_with_two_cards(gateway))
    payer.open(offer["payment_url"])
    labels = payer.browser.find_elements(By.CSS_SELECTOR, ".saved label > span")
    assert [it.text.split("\n") for it in labels] == [
        ["Visa ending in 3335", "Expires 08/31"],
        ["American Express ending in 0015", "Expires 12/31"],
        ["Another card"],
    ]
    assert [it.is_selected() for it in _radios(payer)] == [True, False, False]
    assert not field(payer, "card_number").is_displayed()
    # The arrow keys choose; each card has a code of its own, and a new one has fields.
    code = field(payer, "card_cvc")
    _radios(payer)[0].send_keys(Keys.ARROW_DOWN)
    assert code.get_attribute("maxLength") == "4" and code.get_attribute("placeholder") == "1234"
    payer.browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert field(payer, "card_number").is_displayed()
    payer.browser.switch_to.active_element.send_keys(Keys.ARROW_UP, Keys.ARROW_UP)
    assert code.get_attribute("maxLength") == "3"
    pay(payer)
    assert code.get_attribute("aria-invalid") == "true"
    assert payer.browser.switch_to.active_element == code
    code.send_keys("123", Keys.ENTER)
    payer.walk_to(shop.url + "/thanks")
    order = gateway.order(offer["order_id"])
    assert order["status"] == "completed"
    assert order["payment_details"]["recurring_flow"] == "token"


def test_a_stored_card_is_paid_with_without_scripts(gateway, shop, payer_without_scripts):
    payer = payer_without_scripts
    offer = _offer_to(gateway, shop, _payer_with_two_cards(gateway))
    payer.open(offer["payment_url"])
    assert not field(payer, "card_number").is_displayed()
    _radios(payer)[1].click()
    field(payer, "card_cvc").send_keys("123")
    turn_page(payer, lambda: pay(payer))
    # A code of three digits is none of this card: the card is still chosen.
    assert _radios(payer)[1].is_selected()
    assert notice(payer)
    field(payer, "card_cvc").send_keys("1234")
    pay(payer)
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["payment_details"]["last4"] == "0015"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en_US", "nl_NL", "de_DE", "ar_AE", "ja_JP", "fi_FI"])
def test_stored_cards_can_be_read_in(gateway, shop, payer, locale, theme):
    reference = _payer_with_two_cards(gateway)
    offer = _offer_to(gateway, shop, reference, locale, recurring_model="cardOnFile")
    set_theme(payer, theme)
    payer.open(offer["payment_url"])
    consent = payer.browser.find_element(By.CSS_SELECTOR, ".consent")
    assert not consent.is_displayed(), "a card that is stored is not stored anew"
    look(payer, f"page-stored-{locale}-{theme}")
    _radios(payer)[2].click()
    assert consent.is_displayed()
    look(payer, f"page-stored-another-{locale}-{theme}")
    set_theme(payer, "light")


def test_the_page_on_the_way_to_the_bank_has_a_way_back(gateway, shop, payer_without_scripts):
    payer = payer_without_scripts
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, CARD_WITH_CHALLENGE)
    turn_page(payer, lambda: pay(payer))
    payer.photograph("page-to-the-bank")
    back = payer.browser.find_element(By.CSS_SELECTOR, "a.leave")
    assert back.text == "Back to the payment"
    turn_page(payer, back.click)
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_a_double_click_pays_once(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, VISA_WITHOUT_3DS)
    payer.browser.execute_script(
        "var b = document.getElementById('pay'); b.click(); b.click(); b.form.requestSubmit();"
    )
    payer.walk_to(shop.url + "/thanks")
    order = gateway.order(offer["order_id"])
    assert order["status"] == "completed" and order["amount"] == 1000
    payer.browser.back()
    payer.walk_to(shop.url + "/thanks")


def test_the_keyboard_is_enough(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    field(payer, "card_number").click()
    active = lambda: payer.browser.switch_to.active_element
    for name, text in [
        ("card_number", AMEX),
        ("card_holder_name", "J. de Vries"),
        ("card_expiry", "0831"),
        ("card_cvc", "1234"),
    ]:
        assert active().get_attribute("name") == name
        active().send_keys(text, Keys.TAB)
    assert active().get_attribute("id") == "pay"
    active().send_keys(Keys.ENTER)
    payer.walk_to_challenge()
    payer.choose("Y")
    payer.walk_to(shop.url + "/thanks")


def test_a_link_that_was_taken_back_says_so(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    gateway.call("PATCH", f"/v1/json/orders/{offer['order_id']}", {"status": "cancelled"})
    payer.open(offer["payment_url"])
    assert not payer.browser.find_elements(By.NAME, "card_number")
    look(payer, "page-cancelled")
    payer.browser.find_element(By.CSS_SELECTOR, "a.link").click()
    payer.walk_to(shop.url + "/cart")


def test_a_window_that_the_shop_opened_closes_itself(gateway, shop, payer):
    offer = make_offer(gateway, shop, payment_options={"close_window": True})
    page = (
        "<!DOCTYPE html><title>shop</title><button onclick=\"window.open(this.value)\" value='"
        + offer["payment_url"].replace("&", "&amp;")
        + "'>Pay</button><script>addEventListener('message',()=>document.title='told')</script>"
    )
    payer.open(shop.show("/opener", page))
    opener = payer.browser.current_window_handle
    payer.browser.find_element(By.TAG_NAME, "button").click()
    wait(payer, lambda: len(payer.browser.window_handles) == 2, "the page is opened")
    (other,) = set(payer.browser.window_handles) - {opener}
    payer.browser.switch_to.window(other)
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    wait(payer, lambda: len(payer.browser.window_handles) == 1, "the window closes")
    payer.browser.switch_to.window(opener)
    wait(payer, lambda: payer.browser.title == "told", "the shop is told")
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_without_scripts_faults_are_told_and_a_card_pays(gateway, shop, payer_without_scripts):
    payer = payer_without_scripts
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    type_card(payer, "4111 1111 1111 1112", expiry="08/31", cvc="")
    turn_page(payer, lambda: pay(payer))
    links = payer.browser.find_elements(By.CSS_SELECTOR, "#notice a")
    assert len(links) == 2, notice(payer)
    assert field(payer, "card_number").get_attribute("aria-invalid") == "true"
    assert field(payer, "card_holder_name").get_attribute("value") == "J. de Vries"
    payer.photograph("page-faults-without-scripts")
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.url + "/thanks")
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_the_page_fits_the_narrowest_phone(gateway, shop, payer):
    payer.open(make_offer(gateway, shop, "ru_RU")["payment_url"])
    for width in (320, PHONE[0]):
        metrics = {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": True}
        payer.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        needed = payer.browser.execute_script("return document.documentElement.scrollWidth")
        assert needed <= width
        payer.browser.execute_script("window.scrollTo(0, 9999)")
        top = payer.browser.find_element(By.CSS_SELECTOR, ".amount").rect["y"]
        seen = payer.browser.execute_script("return window.scrollY")
        assert top >= seen, "the amount has scrolled out of sight"
    payer.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
