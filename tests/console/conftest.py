"""What the tests of the console start: the real binary, and a real browser."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from console.page import Admin
from harness.house import Builder, House

# The machines that run this have no network: what Chromium would ask for by itself is switched off.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytest_plugins = ["harness.modes"]


@pytest.fixture(scope="session")
def builder(tmp_path_factory):
    builder = Builder(tmp_path_factory.mktemp("houses"), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
    yield builder
    builder.close()


@pytest.fixture(scope="session", params=["serve-sqlite", "serve-postgres"])
def house(request, builder) -> House:
    """An installation on each database."""
    return builder.start(request.param)


@pytest.fixture(scope="session")
def browser() -> Browser:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def admin(house, browser) -> Admin:
    """An administrator who is signed in, in a browser of their own."""
    with Admin(house, browser) as admin:
        yield admin.come_in()


@pytest.fixture
def visitor(house, browser) -> Admin:
    """Somebody who is not."""
    with Admin(house, browser) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots are kept, to be looked at."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "console-shots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
