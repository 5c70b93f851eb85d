"""A payer pays with another method than a card: the list on the payment page, the page of one
method, and the provider's page of the test platform, each read by axe and photographed."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from page import look, make_offer, pay, set_theme, turn_page, type_card, wait

from gateway import new_order_id

VISA_WITHOUT_3DS = "4012001038443335"


def _go_on(payer):
    turn_page(payer, payer.browser.find_element(By.CSS_SELECTOR, "#methods button.go").click)


def _end_as(payer, scenario):
    wait(payer, lambda: payer.browser.find_elements(By.ID, "scenario"), "the provider's page")
    Select(payer.browser.find_element(By.ID, "scenario")).select_by_value(scenario)
    turn_page(payer, payer.browser.find_element(By.CSS_SELECTOR, "form button").click)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "locale, phrase",
    [
        ("en_US", "Other payment methods"),
        ("nl_NL", "Andere betaalmethoden"),
        ("de_DE", "Weitere Zahlungsarten"),
        ("ar_AE", "طرق دفع أخرى"),
        ("ja_JP", "その他のお支払い方法"),
    ],
)
def test_the_list_of_methods_can_be_read_in(gateway, shop, payer, locale, phrase, theme):
    offer = make_offer(gateway, shop, locale)
    set_theme(payer, theme)
    payer.open(offer["payment_url"])
    turn_page(payer, payer.browser.find_element(By.LINK_TEXT, phrase).click)
    wait(payer, lambda: payer.browser.find_elements(By.ID, "methods"), "the list")
    assert payer.browser.find_element(By.TAG_NAME, "h1").text == phrase
    assert payer.browser.title == phrase
    look(payer, f"methods-{locale}-{theme}")
    set_theme(payer, "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "locale, phrase, title",
    [
        ("nl_NL", "Andere betaalmethoden", "Betalen met Boekenbon"),
        ("he_IL", "אמצעי תשלום אחרים", "תשלום באמצעות Boekenbon"),
        ("zh_CN", "其他支付方式", "使用 Boekenbon 付款"),
    ],
)
def test_the_page_of_a_provider_can_be_read_in(gateway, shop, payer, locale, phrase, title, theme):
    offer = make_offer(gateway, shop, locale)
    set_theme(payer, theme)
    payer.open(offer["payment_url"])
    _choose(payer, phrase, "BOEKENBON")
    assert payer.browser.find_element(By.TAG_NAME, "h1").text == title
    assert payer.browser.title == title
    look(payer, f"methods-provider-{locale}-{theme}")
    set_theme(payer, "light")


def test_a_method_is_chosen_and_paid_with(gateway, shop, payer):
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    turn_page(payer, payer.browser.find_element(By.LINK_TEXT, "Other payment methods").click)
    payer.browser.find_element(By.CSS_SELECTOR, "input[value=IDEAL]").click()
    _go_on(payer)
    wait(payer, lambda: payer.browser.find_elements(By.ID, "issuer"), "the provider's page")
    look(payer, "methods-provider")
    _end_as(payer, "completed")
    payer.walk_to(shop.payment_options()["redirect_url"])
    assert gateway.order(offer["order_id"])["status"] == "completed"


def test_who_gives_up_may_choose_again_without_scripts(gateway, shop, payer_without_scripts):
    payer = payer_without_scripts
    order = {
        "type": "redirect",
        "order_id": new_order_id(),
        "gateway": "PAYPAL",
        "currency": "EUR",
        "amount": 1000,
        "description": "City bike, order 2026-1178",
        "payment_options": shop.payment_options(),
    }
    offer = gateway.create(order).data
    payer.open(offer["payment_url"])
    assert payer.browser.find_element(By.TAG_NAME, "h1").text == "PayPal"
    _go_on(payer)
    _end_as(payer, "declined")
    wait(payer, lambda: payer.browser.find_elements(By.CSS_SELECTOR, ".notice"), "the notice")
    payer.photograph("methods-declined")
    _go_on(payer)
    _end_as(payer, "completed")
    payer.walk_to(shop.payment_options()["redirect_url"])
    assert gateway.order(offer["order_id"])["payment_details"]["type"] == "PAYPAL"


def _choose(payer, phrase, method):
    turn_page(payer, payer.browser.find_element(By.LINK_TEXT, phrase).click)
    payer.browser.find_element(By.CSS_SELECTOR, f"input[value={method}]").click()
    _go_on(payer)
    wait(payer, lambda: payer.browser.find_elements(By.ID, "balance"), "the gift card's balance")


def _has(payer, cents):
    balance = payer.browser.find_element(By.ID, "balance")
    balance.clear()
    balance.send_keys(str(cents))
    _end_as(payer, "typed_balance")
    wait(payer, lambda: payer.browser.find_elements(By.CSS_SELECTOR, ".parts"), "what was paid")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "locale, phrase, left",
    [
        ("en_US", "Other payment methods", "Left to pay"),
        ("nl_NL", "Andere betaalmethoden", "Nog te betalen"),
        ("ar_AE", "طرق دفع أخرى", "المتبقي للدفع"),
    ],
)
def test_a_gift_card_pays_a_part_and_a_card_the_rest(
    gateway, shop, payer, locale, phrase, left, theme
):
    offer = make_offer(gateway, shop, locale)
    set_theme(payer, theme)
    payer.open(offer["payment_url"])
    _choose(payer, phrase, "BOEKENBON")
    look(payer, f"gift-card-provider-{theme}")
    _has(payer, 250)
    parts = payer.browser.find_element(By.CSS_SELECTOR, ".parts").text
    assert "Boekenbon" in parts and left in parts, parts
    look(payer, f"gift-card-paid-{locale}-{theme}")
    _choose(payer, phrase, "YOURGIFT")
    _has(payer, 100)
    turn_page(payer, payer.browser.find_element(By.LINK_TEXT, phrase).click)
    look(payer, f"gift-card-methods-{locale}-{theme}")
    turn_page(payer, payer.browser.find_element(By.CSS_SELECTOR, "a.leave.link").click)
    type_card(payer, VISA_WITHOUT_3DS)
    pay(payer)
    payer.walk_to(shop.payment_options()["redirect_url"])
    order = gateway.order(offer["order_id"])
    assert order["status"] == "completed"
    amounts = [(it["type"], it["amount"]) for it in order["payment_methods"]]
    assert amounts == [("BOEKENBON", 250), ("YOURGIFT", 100), ("VISA", 650)]
    set_theme(payer, "light")


def test_who_cancels_gets_back_what_the_gift_card_paid(gateway, shop, payer_without_scripts):
    payer = payer_without_scripts
    offer = make_offer(gateway, shop)
    payer.open(offer["payment_url"])
    _choose(payer, "Other payment methods", "BOEKENBON")
    _has(payer, 250)
    text = payer.browser.find_element(By.CSS_SELECTOR, ".parts").text
    assert "goes back to your gift card" in text
    turn_page(payer, payer.browser.find_element(By.CSS_SELECTOR, "form[action^=cancel] button").click)
    payer.walk_to(shop.payment_options()["cancel_url"])
    wait(
        payer,
        lambda: gateway.order(offer["order_id"])["amount_refunded"] == 250,
        "the part is back",
    )
