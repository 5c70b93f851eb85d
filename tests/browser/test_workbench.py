"""An integrator looks at the test platform's page: it fills itself, copies, and has buttons.

Each state is read by axe and photographed, light and dark, on a desktop and on a phone.
"""

import pytest
from payer import Payer
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from page import look, wait

from gateway import new_order_id


@pytest.fixture(scope="module")
def visitor():
    visitor = Payer()
    yield visitor
    visitor.close()


@pytest.fixture(autouse=True)
def fresh(gateway):
    gateway.forget_everything()


def _order(shop, card, amount=123456) -> dict:
    return {
        "type": "direct",
        "order_id": new_order_id(),
        "currency": "EUR",
        "amount": amount,
        "gateway": "CREDITCARD",
        "description": "City bike",
        "customer": {"email": "ada@shop.example", "country": "NL", "locale": "en_US"},
        "payment_options": shop.payment_options(),
        "gateway_info": {
            "card_number": card,
            "card_holder_name": "Ada",
            "card_expiry_date": "3012",
            "card_cvc": "123",
        },
    }


def _rows(visitor, table) -> list[str]:
    return [it.text for it in visitor.browser.find_elements(By.CSS_SELECTOR, f"#{table} tbody tr")]


def _look_from_the_top(visitor, name):
    visitor.browser.execute_script("scrollTo(0, 0)")
    look(visitor, name)


def _said(visitor) -> str:
    return visitor.browser.find_element(By.ID, "said").text


def _colours(visitor, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_it_fills_itself_and_has_buttons(visitor, gateway, shop):
    visitor.open(gateway.base_url + "/")
    live = visitor.browser.find_element(By.ID, "live")
    wait(visitor, live.is_displayed, "live")
    assert _rows(visitor, "orders") == []
    _look_from_the_top(visitor, "workbench-empty")

    gateway.call("POST", "/v1/json/orders", _order(shop, "4111111111111111"))
    gateway.call("POST", "/v1/json/orders", _order(shop, "4000050000000007", 999))
    gateway.call("POST", "/v1/json/orders", _order(shop, "5555555555554444", 5000))
    wait(visitor, lambda: len(_rows(visitor, "orders")) == 3, "three orders, without loading again")
    wait(visitor, lambda: "acknowledged" in "".join(_rows(visitor, "told")), "notifications")
    assert "€1,234.56" in _rows(visitor, "orders")[2] and "completed" in _rows(visitor, "orders")[2]

    # By the keyboard alone: a button of the clock, and one of the faults.
    def offset():
        return gateway.call("GET", "/test/clock").data["offset_seconds"]

    button = visitor.browser.find_element(By.CSS_SELECTOR, "button[value='86400']")
    ahead = visitor.browser.find_element(By.ID, "ahead")
    (words, seconds) = (ahead.text, offset())
    button.send_keys(Keys.ENTER)
    wait(visitor, lambda: ahead.text != words, "the clock has moved")
    assert offset() == seconds + 86400 and ahead.text.endswith(" ahead")
    wait(visitor, lambda: _said(visitor) != "", "it is said")
    assert _said(visitor) == "Done: + 1 day."
    visitor.browser.find_element(By.CSS_SELECTOR, "button[value='no_funds']").send_keys(Keys.SPACE)
    waiting = visitor.browser.find_element(By.ID, "faults")
    wait(visitor, lambda: waiting.text == "decline 51", "the fault waits")
    _look_from_the_top(visitor, "workbench")
    _colours(visitor, "dark")
    _look_from_the_top(visitor, "workbench-dark")
    _colours(visitor, "light")
    visitor.browser.find_element(By.CSS_SELECTOR, "button[value='none']").click()
    wait(visitor, lambda: waiting.text == "nothing", "the fault is cleared")


def test_a_key_is_masked_until_it_is_asked_for_and_can_be_copied(visitor, gateway):
    visitor.open(gateway.base_url + "/")
    assert gateway.api_key not in visitor.browser.find_element(By.TAG_NAME, "body").text
    visitor.browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    copy = visitor.browser.find_element(By.CSS_SELECTOR, f"[data-copy='{gateway.api_key}']")
    copy.click()
    wait(visitor, lambda: _said(visitor) == "Copied.", "copied")
    copied = visitor.browser.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))"
    )
    assert copied == gateway.api_key


def test_without_scripts_the_buttons_work_and_the_page_says_where_all_stands(gateway, shop):
    visitor = Payer(scripts=False)
    try:
        gateway.call("POST", "/v1/json/orders", _order(shop, "4111111111111111"))
        visitor.open(gateway.base_url + "/")
        assert len(_rows(visitor, "orders")) == 1
        before = visitor.browser.find_element(By.ID, "ahead").text
        visitor.browser.find_element(By.CSS_SELECTOR, "button[value='604800']").click()

        def moved():
            # The page is another one after the button.
            try:
                return visitor.browser.find_element(By.ID, "ahead").text != before
            except (StaleElementReferenceException, NoSuchElementException):
                return False

        wait(visitor, moved, "moved")
        visitor.photograph("workbench-without-scripts")
    finally:
        visitor.close()


def test_the_mailbox_shows_what_was_written(visitor, gateway, shop):
    gateway.call("POST", "/v1/json/orders", _order(shop, "4111111111111111"))
    visitor.open(gateway.base_url + "/")

    def shown():
        visitor.browser.get(f"{gateway.base_url}/workbench/mails")
        return bool(visitor.browser.find_elements(By.CSS_SELECTOR, ".mail"))

    wait(visitor, shown, "mails")
    visitor.browser.find_element(By.CSS_SELECTOR, ".mail summary").click()
    _look_from_the_top(visitor, "workbench-mails")
