"""What a payer does on the payment page, a step a function, and how a page is looked at."""

import pathlib

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from gateway import new_order_id

AXE = (
    pathlib.Path(__file__).parents[1] / "clients" / "node" / "node_modules" / "axe-core" / "axe.min.js"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGE_WAIT_S = 20


def make_offer(gateway, shop, locale="en_US", **members) -> dict:
    """A redirect order of 10 euros; what the gateway says of it."""
    order = {
        "type": "redirect",
        "order_id": new_order_id(),
        "currency": "EUR",
        "amount": 1000,
        "description": "City bike, order 2026-1178",
        "payment_options": shop.payment_options(),
        "customer": {"locale": locale, "country": "NL"},
    }
    options = members.pop("payment_options", {})
    order |= members
    order["payment_options"] |= options
    answer = gateway.create(order)
    assert answer.status == 200 and answer.body["success"] is True, answer
    return answer.data


def field(payer, name):
    return payer.browser.find_element(By.NAME, name)


def type_card(payer, number, expiry="0831", cvc="123", holder="J. de Vries"):
    for name, text in [
        ("card_number", number),
        ("card_holder_name", holder),
        ("card_expiry", expiry),
        ("card_cvc", cvc),
    ]:
        field(payer, name).clear()
        field(payer, name).send_keys(text)


def pay(payer):
    payer.browser.find_element(By.ID, "pay").click()


def turn_page(payer, press):
    """Presses, and returns when that page is gone: what follows looks at the next one."""
    before = _document(payer)
    press()
    wait(payer, lambda: _document(payer) not in ("", before), "the next page")


def _document(payer) -> str:
    """The browser's own name of the document that it shows; none while it changes."""
    try:
        return payer.browser.find_element(By.TAG_NAME, "html").id
    except WebDriverException:
        return ""


def wait(payer, condition, what):
    """Waits until it is so; a page that changes under our hands is looked at again."""
    patience = WebDriverWait(
        payer.browser, PAGE_WAIT_S, ignored_exceptions=[StaleElementReferenceException]
    )
    patience.until(lambda _: condition(), what)


def notice(payer) -> str:
    found = payer.browser.find_elements(By.ID, "notice")
    return found[0].text if found else ""


def look(payer, name, skip=()):
    """Photographs the page, and lets axe read it."""
    payer.photograph(name)
    payer.browser.execute_script(AXE.read_text())
    options = {"runOnly": RULES, "rules": {rule: {"enabled": False} for rule in skip}}
    found = payer.browser.execute_async_script(
        "axe.run(document, arguments[0]).then(arguments[1])", options
    )
    faults = [(it["id"], [node["html"] for node in it["nodes"]]) for it in found["violations"]]
    assert faults == [], name
    assert len(found["passes"]) > 10, "axe has looked at nothing"


def set_theme(payer, theme):
    feature = {"name": "prefers-color-scheme", "value": theme}
    payer.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
