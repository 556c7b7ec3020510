"""B31: a directory that sends too much is told to wait; one that keeps to the pace that Entra asks for never is."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.scim import GROUP, TRUSTS_NOBODY, Scim, a_user, created, listing, no_content, ok, refused

pytestmark = pytest.mark.hops

PACE = 25
LIMIT = {"ROLLCALL_MAX_REQUESTS_PER_SECOND": str(PACE)}
# Far more requests than any house could spread over so many seconds that they keep to the pace.
MANY = 2000


@pytest.fixture(scope="module", params=["serve-sqlite", "apart-postgres"])
def limited(request, builder):
    """An installation whose directories may send 25 requests a second."""
    return builder.start(request.param, settings=LIMIT)


def first_refused(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is not 200. So many ask at once that it comes on a busy machine too."""
    with ThreadPoolExecutor(8) as pool:
        for _ in range(MANY // PACE):
            for answer in pool.map(lambda _: ask(), range(PACE)):
                if answer.status_code != 200:
                    return answer
    raise AssertionError("nothing was throttled")


def until_throttled(scim: Scim, path: str = "/Users?count=0") -> httpx.Response:
    """The first answer that says to wait."""
    return first_refused(lambda: scim.get(path))


def test_b31_25_requests_at_once_pass_and_more_get_429_with_retry_after(limited):
    scim = limited.new_directory().scim
    for _ in range(PACE):
        listing(scim.get("/Users", count=0))
    answer = until_throttled(scim)
    refused(answer, 429, naming=str(PACE))
    assert answer.headers["retry-after"] == "1"


def test_b31_25_requests_a_second_pass_for_as_long_as_they_come(limited):
    scim = limited.new_directory().scim
    begin = time.monotonic()
    for number in range(4 * PACE):
        time.sleep(max(0.0, begin + number / PACE - time.monotonic()))
        listing(scim.get("/Users", count=0))


def test_b31_who_waited_as_told_may_go_on(limited):
    scim = limited.new_directory().scim
    time.sleep(int(until_throttled(scim).headers["retry-after"]))
    listing(scim.get("/Users", count=0))


def test_b31_what_is_throttled_changes_nothing(limited, name):
    directory = limited.new_directory()
    accepted = 0
    until_throttled(directory.scim)
    while (answer := directory.scim.post("/Users", a_user(f"{accepted}.{name}"))).status_code != 429:
        created(answer)
        accepted += 1
        until_throttled(directory.scim)
    assert len([stored for stored in limited.database.user_names() if stored.endswith(name)]) == accepted
    assert len(directory.events()) == accepted + 2, "the directory, its token, and each user that was made"


def test_b31_other_directories_and_services_go_on(limited):
    directory = limited.new_directory()
    refused(until_throttled(directory.scim), 429)
    listing(limited.new_directory().scim.get("/Users"))
    key = limited.rpc(limited.new_service_key("DIRECTORY_READ", directory=directory.name))
    for _ in range(3 * PACE):
        key.call("UserService/ListUsers")


def test_b31_every_way_to_the_data_is_counted_and_a_request_once(limited):
    directory = limited.new_directory()
    user = directory.scim.create("ana")
    group = created(directory.scim.post("/Groups", {"schemas": [GROUP], "displayName": "g"}))
    time.sleep(1)
    # A group is read by two calls of the core, and its request counts once.
    for _ in range(PACE):
        ok(directory.scim.get(f"/Groups/{group['id']}"))
    refused(until_throttled(directory.scim), 429)
    for path in (f"/Users/{user['id']}", "/Users", "/Groups", "/", "/Schemas", "/ResourceTypes"):
        refused(until_throttled(directory.scim, path), 429)
    time.sleep(1)
    no_content(directory.scim.delete(f"/Users/{user['id']}"))


def test_b31_whoever_has_no_credential_is_told_that_and_nothing_else(limited):
    directory = limited.new_directory()
    refused(until_throttled(directory.scim), 429)
    refused(Scim(limited.base_url, directory.token + "x").get("/Users"), 401)


@pytest.mark.parametrize("limit", ["24", "1000001", "many"])
def test_b31_no_limit_can_be_less_than_entra_asks_for(builder, limit):
    house = builder.new("serve-sqlite")
    done = house.command("serve", "--max-requests-per-second", limit)
    assert done.returncode != 0
    assert "max-requests-per-second" in done.stderr


def test_access_tokens_are_counted_as_other_requests_are(limited):
    directory = limited.new_directory()
    client = limited.admin.call("OAuthService/CreateClient", directory=directory.name, name="idp")
    form = {"grant_type": "client_credentials"}
    with httpx.Client(verify=TRUSTS_NOBODY, auth=(client.client.id, client.client_secret)) as http:
        answer = first_refused(lambda: http.post(f"{limited.url}/oauth2/token", data=form))
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "1"
