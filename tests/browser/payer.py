"""A payer with a browser: headless Chromium, walked through a challenge page by page.

What counts as a page is told by what a person sees: a drop-down of outcomes and a button are the
issuer's challenge; the shop's address is the end; a lone button on any other page is one that
a payer without scripts has to press. With scripts, nothing but the issuer's button may have to be
pressed.
"""

import os
import pathlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    NoSuchFrameException,
    StaleElementReferenceException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

SCREENSHOTS = pathlib.Path(__file__).parents[2] / "test-output" / "screenshots"
DESKTOP = (1280, 800)
PHONE = (390, 844)

# A page has this long to lead on, or to show something to press. The 3-D Secure method of the
# protocol alone may take ten seconds.
PAGE_WAIT_S = 25
LOOK_EVERY_S = 0.1
# A page that looks the same this often in a row is where the walk ends.
STILL_LOOKS = 10
PAGE_LOAD_WAIT_S = 20

CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SCRIPTS_BLOCKED = 2

# Pages change under our hands while we look at them.
_GONE = (StaleElementReferenceException, NoSuchElementException, NoSuchFrameException)


def _program(names: list[str]) -> str:
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        raise SystemExit(f"none of {', '.join(names)} found: install chromium and chromium-driver")
    return found


@dataclass
class Walk:
    """What a payer met on the way."""

    pressed: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


class Payer:
    """One browser with an empty profile. `known_as` maps host names to ports of this machine."""

    def __init__(
        self,
        scripts: bool = True,
        known_as: dict[str, int] | None = None,
        language: str = "en-US",
    ):
        self.scripts = scripts
        # Whoever starts the suite may name a folder that is removed even if we do not get to it.
        parent = os.environ.get("FLORIN_TEST_FOLDER")
        self._profile = tempfile.mkdtemp(prefix="florin-chromium-", dir=parent)
        options = webdriver.ChromeOptions()
        options.binary_location = _program(["chromium", "chromium-browser"])
        for flag in CHROMIUM_FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self._profile}")
        # Not that of the machine: pages follow it.
        options.add_argument(f"--accept-lang={language}")
        options.add_argument(f"--window-size={DESKTOP[0]},{DESKTOP[1]}")
        if known_as:
            rules = ", ".join(f"MAP {host} 127.0.0.1:{port}" for host, port in known_as.items())
            options.add_argument(f"--host-resolver-rules={rules}")
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": _SCRIPTS_BLOCKED}
            )
        # Both paths are given, so that nothing is looked for or fetched.
        self.browser = webdriver.Chrome(options, Service(_program(["chromedriver"])))
        self.browser.set_page_load_timeout(PAGE_LOAD_WAIT_S)

    def close(self):
        self.browser.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, address: str):
        self.browser.get(address)

    def walk_to_challenge(self) -> Walk:
        """Goes on until the issuer asks; leaves the browser in the frame that asks."""
        return self._walk(lambda: self._enter_challenge(), "the issuer's challenge")

    def walk_to(self, address: str) -> Walk:
        """Goes on until the browser is at `address` (whose query may be longer)."""
        wanted = urlsplit(address)

        def arrived() -> bool:
            self.browser.switch_to.default_content()
            at = urlsplit(self.browser.current_url)
            return (at.scheme, at.netloc, at.path) == (wanted.scheme, wanted.netloc, wanted.path)

        return self._walk(arrived, address)

    def walk_to_the_end(self, address: str) -> Walk:
        """Goes on until a page below `address` stays and has nothing to press."""
        stood: list[str] = []

        def stays() -> bool:
            self.browser.switch_to.default_content()
            at = self.browser.current_url
            still = at.startswith(address) and not self._is_challenge() and not self._buttons()
            stood.append(at if still else "")
            return still and stood[-STILL_LOOKS:] == [at] * STILL_LOOKS

        return self._walk(stays, f"a last page below {address}")

    def choose(self, option: str):
        """Takes an option of the challenge by its value and confirms it."""
        Select(self._drop_down()).select_by_value(option)
        self._confirm_button().click()

    def options(self) -> list[str]:
        return [it.get_attribute("value") for it in Select(self._drop_down()).options]

    def photograph(self, name: str):
        """The page on a desktop and on a phone; with scripts, it must also fit the phone's width."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.switch_to.default_content()
        for device, (width, height) in {"desktop": DESKTOP, "phone": PHONE}.items():
            metrics = {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": device == "phone",
            }
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            self.browser.save_screenshot(str(SCREENSHOTS / f"{name}-{device}.png"))
            if self.scripts:
                needed = self.browser.execute_script("return document.documentElement.scrollWidth")
                assert needed <= width, f"{name} needs {needed} px on a {device} of {width} px"
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def _walk(self, there, destination: str) -> Walk:
        walk = Walk()
        until = time.monotonic() + PAGE_WAIT_S
        while True:
            if self._calmly(there):
                return walk
            at = self._calmly(lambda: self.browser.current_url)
            if at and (not walk.addresses or walk.addresses[-1] != at):
                walk.addresses.append(at)
            if not self.scripts and (label := self._calmly(self._press_lone_button)):
                walk.pressed.append(label)
                until = time.monotonic() + PAGE_WAIT_S
            assert time.monotonic() < until, self._lost(destination, walk)
            time.sleep(LOOK_EVERY_S)

    def _calmly(self, look):
        """The result of `look`, or nothing while the page is changing."""
        try:
            return look()
        except _GONE:
            return None

    def _lost(self, destination: str, walk: Walk) -> str:
        self.browser.switch_to.default_content()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(SCREENSHOTS / "lost.png"))
        seen = self.browser.find_element(By.TAG_NAME, "body").text
        return (
            f"the payer did not get to {destination}; came along {walk.addresses}, "
            f"pressed {walk.pressed}, now reads: {seen[:500]!r}"
        )

    def _enter_challenge(self) -> bool:
        """Looks for the drop-down in the page, then in its frames."""
        self.browser.switch_to.default_content()
        if self._is_challenge():
            return True
        for frame in self.browser.find_elements(By.TAG_NAME, "iframe"):
            self.browser.switch_to.frame(frame)
            if self._is_challenge():
                return True
            self.browser.switch_to.default_content()
        return False

    def _is_challenge(self) -> bool:
        return bool(self._buttons()) and bool(
            self.browser.find_elements(By.CSS_SELECTOR, "select option[value='Y']")
        )

    def _drop_down(self):
        return self.browser.find_element(By.XPATH, "//select[option[@value='Y']]")

    def _confirm_button(self):
        return self._buttons()[0]

    def _buttons(self) -> list:
        found = self.browser.find_elements(
            By.CSS_SELECTOR, "button:not([type=button]), input[type=submit]"
        )
        return [it for it in found if it.is_displayed()]

    def _press_lone_button(self) -> str | None:
        """Presses the one button that leads on; returns what was on it."""
        self.browser.switch_to.default_content()
        buttons = self._buttons()
        if len(buttons) != 1 or self._is_challenge():
            return None
        label = _label(buttons[0])
        buttons[0].click()
        return label


def _label(button) -> str:
    return (button.text or button.get_attribute("value") or "").strip()
