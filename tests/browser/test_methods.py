"""A payer pays with another method than a card: the list on the payment page, the page of one
method, and the provider's page of the test platform, each read by axe and photographed."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from page import look, make_offer, set_theme, turn_page, wait

from gateway import new_order_id


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
