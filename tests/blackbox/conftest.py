"""What the black-box tests start: the real binary, in every way in which it is run."""

import os
import uuid

import pytest
from posting import Posted, smtp_settings

from harness.house import MODES, Builder, Directory, House
from harness.scim import Scim
from harness.smtp import Postbox

pytest_plugins = ["harness.modes", "harness.trust"]


@pytest.fixture(scope="session")
def builder(tmp_path_factory):
    """Makes houses, which end with the session."""
    builder = Builder(tmp_path_factory.mktemp("houses"), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
    yield builder
    builder.close()


@pytest.fixture(scope="session")
def houses(builder) -> dict[str, House]:
    """The houses that tests share, by mode; each is started when it is first asked for."""

    class Shared(dict):
        def __missing__(self, mode):
            self[mode] = builder.start(mode)
            return self[mode]

    return Shared()


@pytest.fixture(params=MODES)
def house(request, houses) -> House:
    """An installation, in each mode in turn."""
    return houses[request.param]


@pytest.fixture(params=["serve-sqlite", "serve-postgres"])
def database_house(request, houses) -> House:
    """An installation on each database, where the way to it does not matter."""
    return houses[request.param]


@pytest.fixture(params=MODES)
def new_house(request, builder) -> House:
    """An installation of the test's own, not started yet, in each mode in turn."""
    return builder.new(request.param)


@pytest.fixture(scope="session", params=MODES)
def posted(request, builder) -> Posted:
    """An installation in each mode in turn that sends notices, and the mail server that it sends by."""
    postbox = Postbox().start()
    house = builder.start(request.param, settings=smtp_settings(postbox, ROLLCALL_SMTP_TIMEOUT="1s"))
    yield Posted(house, postbox)
    postbox.stop()


@pytest.fixture
def generic(house) -> Directory:
    """A new directory by the RFC's letter."""
    return house.new_directory("generic")


@pytest.fixture
def okta(house) -> Directory:
    return house.new_directory("okta")


@pytest.fixture
def entra(house) -> Directory:
    return house.new_directory("entra")


@pytest.fixture(params=["generic", "okta", "entra"])
def directory(request, house) -> Directory:
    """A new directory of each profile: for what holds in all of them."""
    return house.new_directory(request.param)


@pytest.fixture
def scim(directory) -> Scim:
    """A client of a new directory of each profile."""
    return directory.scim


@pytest.fixture
def name() -> str:
    """A userName that nobody else has."""
    return f"ana.{uuid.uuid4().hex[:12]}@example.com"
