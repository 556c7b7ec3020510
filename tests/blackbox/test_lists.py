"""Sorting, and both ways of paging (RFC 7644 §3.4.2, RFC 9865)."""

import string
import time

import pytest

from harness.scim import ENTERPRISE, listing, no_content, refused

pytestmark = pytest.mark.databases


@pytest.fixture
def scim(generic):
    return generic.scim


def make(scim, *attributes: dict) -> None:
    """Users that are named 0, 1, 2 … in the order of their creation."""
    for number, more in enumerate(attributes):
        scim.create(str(number), **more)


def order(scim, **parameters) -> str:
    return "".join(user["userName"] for user in scim.page(**parameters)["Resources"])


SORTS = [
    ("displayName", [{"displayName": name} for name in ("Mike", "Alpha", "Zulu")], "102"),
    ("displayName", [{"displayName": name} for name in ("bravo", "Alpha", "Charlie", "delta")], "1023"),
    ("externalId", [{"externalId": name} for name in ("b", "B", "a", "A")], "3120"),
    ("name.familyName", [{"name": {"familyName": name}} for name in ("Moe", "Abe", "Zoe")], "102"),
    ("displayName", [{"displayName": "B"}, {}, {"displayName": "A"}], "201"),
    (
        "emails",
        [{"emails": [{"value": "z"}, {"value": "a", "primary": True}]}, {"emails": [{"value": "m"}, {"value": "a"}]}],
        "01",
    ),
    ("emails.value", [{"emails": [{"value": "b"}]}, {"emails": [{"value": "A"}]}, {}], "102"),
    (f"{ENTERPRISE}:employeeNumber", [{ENTERPRISE: {"employeeNumber": number}} for number in ("2", "10", "1")], "210"),
    ("active", [{"active": True}, {"active": False}, {"active": True}], "102"),
    ("meta.created", [{}, {}, {}], "012"),
    ("id", [{}, {}, {}], "012"),
    ("DISPLAYNAME", [{"displayName": "b"}, {"displayName": "a"}], "10"),
]


@pytest.mark.parametrize(("by", "users", "ascending"), SORTS)
def test_users_are_sorted_and_the_order_can_be_turned_round(scim, by, users, ascending):
    make(scim, *users)
    assert order(scim, sortBy=by) == ascending
    assert order(scim, sortBy=by, sortOrder="ascending") == ascending
    ties = {"active": "021"}.get(by)
    assert order(scim, sortBy=by, sortOrder="descending") == (ties or ascending[::-1])


def test_a_sorted_list_is_paged_without_a_gap(scim):
    make(scim, *[{"displayName": letter} for letter in "dacb"], {}, {})
    for sort_order in ("ascending", "descending"):
        whole = order(scim, sortBy="displayName", sortOrder=sort_order)
        parts = [
            order(scim, sortBy="displayName", sortOrder=sort_order, startIndex=start, count=2) for start in (1, 3, 5)
        ]
        assert "".join(parts) == whole
        assert walk(scim, sortBy="displayName", sortOrder=sort_order, count=2) == list(whole)


@pytest.mark.parametrize(
    ("parameters", "scim_type", "naming"),
    [
        ({"sortBy": "nothing"}, "invalidPath", "sortBy"),
        ({"sortBy": "name"}, "invalidPath", "sortBy"),
        ({"sortBy": "password"}, "invalidPath", "sortBy"),
        ({"sortBy": 'emails[type eq "work"]'}, "invalidPath", "sortBy"),
        ({"sortBy": "userName", "sortOrder": "sideways"}, "invalidValue", "sortOrder"),
        ({"startIndex": "one"}, "invalidValue", "startIndex"),
        ({"startIndex": "1.5"}, "invalidValue", "startIndex"),
        ({"count": "many"}, "invalidValue", "count"),
        ({"count": "1e3"}, "invalidValue", "count"),
        ({"cursor": "", "startIndex": 1}, "invalidValue", "cursor"),
        ({"cursor": "", "count": "many"}, "invalidCount", "count"),
        ({"cursor": "nonsense"}, "invalidCursor", "cursor"),
        ({"cursor": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "invalidCursor", "cursor"),
        ({"cursor": "x" * 6000}, "invalidCursor", "cursor"),
    ],
)
def test_a_list_that_cannot_be_is_refused(scim, parameters, scim_type, naming):
    refused(scim.get("/Users", **parameters), 400, scim_type, naming=naming)


def test_a_parameter_that_is_sent_twice_is_refused(scim):
    refused(scim.get('/Users?filter=userName+eq+"a"&filter=userName+eq+"b"'), 400, "invalidFilter")
    refused(scim.get("/Users?count=1&count=2"), 400, "invalidValue", naming="count")


def first_page(scim, **parameters) -> dict:
    return listing(scim.get("/Users", cursor="", **parameters))


def walk(scim, **parameters) -> list[str]:
    """The userNames of all pages by cursor."""
    page, seen = first_page(scim, **parameters), []
    while True:
        seen += [user["userName"] for user in page["Resources"]]
        if "nextCursor" not in page:
            return seen
        assert set(page["nextCursor"]) <= set(string.ascii_letters + string.digits + "-._~")
        page = listing(scim.get("/Users", cursor=page["nextCursor"], **parameters))


def test_a_walk_by_cursor_sees_every_user_once_and_ends_without_a_cursor(scim):
    make(scim, *[{}] * 7)
    assert walk(scim, count=3) == list("0123456")
    assert walk(scim, count=7) == list("0123456")
    assert walk(scim, count=100) == list("0123456")
    assert walk(scim) == list("0123456")


def test_a_page_by_cursor_tells_the_total_and_no_start_index(scim):
    make(scim, *[{}] * 3)
    page = first_page(scim, count=2)
    assert page["totalResults"] == 3
    assert "startIndex" not in page
    assert "previousCursor" not in page
    assert "nextCursor" in page


def test_a_walk_misses_nobody_while_users_come_and_go(scim):
    make(scim, *[{}] * 9)
    page = first_page(scim, count=3)
    seen = [user["userName"] for user in page["Resources"]]
    no_content(scim.delete(f"/Users/{page['Resources'][0]['id']}"))
    [gone] = scim.find('userName eq "5"')
    no_content(scim.delete(f"/Users/{gone['id']}"))
    scim.create("late")
    while "nextCursor" in page:
        page = listing(scim.get("/Users", cursor=page["nextCursor"], count=3))
        seen += [user["userName"] for user in page["Resources"]]
    assert seen == [*"01234678", "late"]


def test_pages_by_index_keep_their_order_while_users_come(scim):
    make(scim, *[{}] * 6)
    seen = order(scim, startIndex=1, count=3)
    scim.create("late")
    seen += order(scim, startIndex=4, count=3)
    assert seen == "012345"
    assert order(scim, startIndex=7, count=3) == "late"


def test_a_filtered_walk_keeps_to_its_filter(scim):
    make(scim, *[{"title": "x" if number % 2 else "y"} for number in range(9)])
    assert walk(scim, filter='title eq "x"', count=2) == list("1357")
    assert walk(scim, filter='title eq "x"', count=2, sortBy="userName", sortOrder="descending") == list("7531")


def test_a_count_of_zero_asks_for_the_total_alone(scim):
    make(scim, {}, {})
    page = first_page(scim, count=0)
    assert (page["totalResults"], page["Resources"]) == (2, [])
    assert first_page(scim, count=-5)["Resources"] == []


@pytest.mark.parametrize(
    ("changed", "scim_type"),
    [
        ({"filter": "title pr"}, "invalidCursor"),
        ({"sortBy": "userName"}, "invalidCursor"),
        ({"attributes": "userName"}, "invalidCursor"),
        ({"count": 3}, "invalidCount"),
    ],
)
def test_a_cursor_is_good_for_the_query_that_it_came_from(scim, changed, scim_type):
    make(scim, *[{"title": "x"}] * 5)
    cursor = first_page(scim, count=2)["nextCursor"]
    refused(scim.get("/Users", **{"count": 2, "cursor": cursor, **changed}), 400, scim_type)


def test_a_cursor_grants_nothing_in_other_hands_and_cannot_be_forged(house):
    mine, theirs = house.new_directory().scim, house.new_directory().scim
    make(mine, *[{}] * 3)
    make(theirs, *[{}] * 3)
    cursor = first_page(mine, count=2)["nextCursor"]
    told = refused(theirs.get("/Users", cursor=cursor, count=2), 400, "invalidCursor")
    for position in (0, len(cursor) // 2, len(cursor) - 2):
        other = "A" if cursor[position] != "A" else "B"
        forged = cursor[:position] + other + cursor[position + 1 :]
        assert refused(mine.get("/Users", cursor=forged, count=2), 400, "invalidCursor") == told


def test_a_cursor_is_good_on_every_replica_and_ends_in_time(builder):
    settings = {"ROLLCALL_PAGE_TOKEN_LIFETIME": "2s"}
    first = builder.start("apart-postgres", settings=settings)
    second = builder.start("apart-postgres", settings=settings, database=first.database, admin_key=first.admin_key)
    directory = first.new_directory()
    make(directory.scim, *[{}] * 3)
    cursor = first_page(directory.scim, count=2)["nextCursor"]
    beside = f"{second.base_url}/Users"
    page = listing(directory.scim.get(beside, cursor=cursor, count=2))
    assert [user["userName"] for user in page["Resources"]] == ["2"]
    config = directory.scim.get("/ServiceProviderConfig").json()
    assert config["pagination"]["cursorTimeout"] == 2
    for _ in range(100):
        if directory.scim.get("/Users", cursor=cursor, count=2).status_code != 200:
            break
        time.sleep(0.1)
    refused(directory.scim.get("/Users", cursor=cursor, count=2), 400, "expiredCursor")
    second.stop()
    first.stop()


def test_a_page_is_never_larger_than_announced(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_MAX_PAGE_SIZE": "3", "ROLLCALL_DEFAULT_PAGE_SIZE": "2"})
    scim = house.new_directory().scim
    make(scim, *[{}] * 5)
    config = scim.get("/ServiceProviderConfig").json()
    assert config["filter"]["maxResults"] == 3
    assert (config["pagination"]["maxPageSize"], config["pagination"]["defaultPageSize"]) == (3, 2)
    assert order(scim) == "01"
    assert order(scim, count=100) == "012"
    assert scim.page(count=100)["totalResults"] == 5
    assert len(first_page(scim, count=100)["Resources"]) == 3
    house.stop()
