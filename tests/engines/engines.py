"""Firefox and WebKit, each behind the same few methods.

Firefox speaks WebDriver BiDi itself; WebKitGTK comes with a driver for Selenium, and needs a screen. Debian's packages
are ``firefox-esr``, ``webkit2gtk-driver`` and ``xvfb``.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from websockets.sync.client import connect

SECONDS = 120  # for all that is waited for: on a busy machine WebKit takes more than one minute to start Pyodide
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
AWAITED = "(async () => JSON.stringify(await (%s)) ?? null)()"
ASKED = "const done = arguments[arguments.length - 1]; %s.then(done, (error) => done('!' + error));"


class Tab(Protocol):
    """A page, in a browser that remembers nothing of earlier ones."""

    def goto(self, url: str) -> None:
        """Visit it, and wait until it has loaded."""

    def evaluate(self, expression: str) -> Any:
        """The JavaScript's value, waited for where it is a promise; as JSON has it."""


@contextmanager
def screen() -> Generator[str]:
    """An X display, for who has none."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


class WebKit:
    needs = ("WebKitWebDriver", "Xvfb")

    def __init__(self, stack: ExitStack) -> None:
        self._display = stack.enter_context(screen())

    @contextmanager
    def tab(self) -> Generator[Tab]:
        options = Options()
        options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")))
        options.add_argument("--automation")
        service = Service(shutil.which("WebKitWebDriver"), env={**os.environ, "DISPLAY": self._display})
        driver = webdriver.WebKitGTK(options=options, service=service)
        try:
            driver.set_script_timeout(SECONDS)
            yield WebKitTab(driver)
        finally:
            driver.quit()


class WebKitTab:
    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self._driver = driver

    def goto(self, url: str) -> None:
        self._driver.get(url)

    def evaluate(self, expression: str) -> Any:
        return _value(self._driver.execute_async_script(ASKED % AWAITED % expression))


def _value(answer: str | None) -> Any:
    assert not (answer or "").startswith("!"), answer
    return None if answer is None else json.loads(answer)


class Firefox:
    needs = ("firefox-esr",)

    def __init__(self, stack: ExitStack) -> None:
        profile = stack.enter_context(TemporaryDirectory())
        command = ["firefox-esr", "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        stack.callback(self._end)
        assert self._process.stderr
        address = next(found[1] for line in self._process.stderr if (found := LISTENING.search(line)))
        self._socket = stack.enter_context(connect(f"{address}/session", max_size=None))
        self._ids = itertools.count(1)
        self.command("session.new", capabilities={})

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def command(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:  # events come in between
            answer = json.loads(self._socket.recv(timeout=SECONDS))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    @contextmanager
    def tab(self) -> Generator[Tab]:
        visitor = self.command("browser.createUserContext")["userContext"]
        context = self.command("browsingContext.create", type="tab", userContext=visitor)["context"]
        try:
            yield FirefoxTab(self, context)
        finally:
            self.command("browser.removeUserContext", userContext=visitor)


class FirefoxTab:
    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox, self._context = firefox, context

    def goto(self, url: str) -> None:
        self._firefox.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        target = {"context": self._context}
        answer = self._firefox.command(
            "script.evaluate", expression=AWAITED % expression, target=target, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return _value(answer["result"].get("value"))


ENGINES = {"firefox": Firefox, "webkit": WebKit}


def missing(name: str) -> list[str]:
    """The programs that an engine needs, and this machine has not."""
    return [program for program in ENGINES[name].needs if not shutil.which(program)]
