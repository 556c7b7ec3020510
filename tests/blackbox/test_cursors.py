"""Walks by cursor through users, groups and both (RFC 9865)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import add, change, ids, new_group, with_groups
from searching import GROUPS, ROOT, USERS, a_company, found, labels, search, walk

from harness.scim import ERROR, Scim, listing, no_content, refused, told

pytestmark = pytest.mark.databases


@pytest.fixture
def directory(generic):
    return with_groups(generic)


@pytest.fixture
def people(scim, name) -> list[dict]:
    return a_company(scim, name)


def now(scim, made: list[dict]) -> list[dict]:
    """Resources as a GET has them now."""
    return [listing(scim.get("/", filter=f'id eq "{one["id"]}"'))["Resources"][0] for one in made]


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_a_walk_sees_each_once_and_ends_where_no_cursor_follows(scim, people, count):
    for path, expected in ((ROOT, people), (USERS, people[:3]), (GROUPS, people[3:])):
        assert walk(scim, path, count=count) == now(scim, expected)
    by_name = ["alpha", "Bravo", "Mike", "yankee", "Zulu"]
    assert labels(walk(scim, ROOT, count=count, sortBy="displayName")) == by_name
    assert labels(walk(scim, ROOT, count=count, sortBy="displayName", sortOrder="descending")) == by_name[::-1]
    assert labels(walk(scim, ROOT, count=count, filter='externalId eq "0"')) == ["Mike", "Bravo"]
    users_first = labels(walk(scim, ROOT, count=count, sortBy="userName"))
    assert users_first == ["Mike", "alpha", "Zulu", "Bravo", "yankee"]


def test_a_walk_and_pages_by_index_have_one_order_whatever_it_is(scim, name):
    for number in range(8):
        more = {"title": "abBA"[number % 4]} if number % 3 else {}
        emails = [{"value": f"{number % 5}@example.com"}, {"value": "z@example.com", "primary": number % 2 == 0}]
        scim.create(f"{number}.{name}", active=number % 2 == 0, emails=emails if number % 4 else [], **more)
        new_group(scim, f"{number % 3}", externalId=str(number % 2))
    orders = ["title", "emails", "emails.value", "active", "externalId", "userName", "meta.lastModified", "id"]
    for sort_by in ("", *orders):
        for sort_order in ("ascending", "descending"):
            members = {"sortBy": sort_by, "sortOrder": sort_order}
            whole = [one["id"] for one in found(scim, **members)]
            assert len(set(whole)) == 16
            by_cursor = [one["id"] for one in walk(scim, ROOT, count=3, **members)]
            by_index = [
                one["id"] for start in range(1, 17, 3) for one in found(scim, startIndex=start, count=3, **members)
            ]
            assert by_cursor == by_index == whole, members


def test_a_walk_goes_on_by_get_as_well_as_by_post(scim, people):
    first = listing(search(scim, ROOT, cursor="", count=2, sortBy="displayName"))
    second = listing(scim.get("/", cursor=first["nextCursor"], count=2, sortBy="displayName"))
    third = listing(search(scim, ROOT, cursor=second["nextCursor"], count=2, sortBy="displayName"))
    seen = labels(first["Resources"] + second["Resources"] + third["Resources"])
    assert seen == ["alpha", "Bravo", "Mike", "yankee", "Zulu"]
    assert "nextCursor" not in third


def test_a_page_by_cursor_can_be_asked_for_again(scim, people):
    first = listing(search(scim, cursor="", count=2))
    pages = [listing(search(scim, cursor=first["nextCursor"], count=2)) for _ in range(2)]
    assert pages[0]["Resources"] == pages[1]["Resources"]


def test_without_a_count_a_walk_has_pages_of_the_size_that_is_announced(scim, people):
    assert ids(*walk(scim, ROOT)) == ids(*people)
    assert listing(search(scim, ROOT, cursor="", count=0))["Resources"] == []
    assert "nextCursor" not in listing(search(scim, ROOT, cursor="", count=0))


@pytest.mark.parametrize(
    ("changed", "scim_type"),
    [
        ({"filter": "userName pr"}, "invalidCursor"),
        ({"sortBy": "externalId"}, "invalidCursor"),
        ({"sortOrder": "descending"}, "invalidCursor"),
        ({"attributes": ["displayName"]}, "invalidCursor"),
        ({"excludedAttributes": ["meta"]}, "invalidCursor"),
        ({"count": 3}, "invalidCount"),
        ({"count": None}, "invalidCount"),
        ({"count": "two"}, "invalidCount"),
        ({"startIndex": 1}, "invalidValue"),
        ({"startIndex": 3}, "invalidValue"),
    ],
)
def test_a_cursor_is_good_for_the_search_that_it_came_from(scim, people, changed, scim_type):
    query = {"filter": "id pr", "sortBy": "displayName", "count": 2}
    first = listing(search(scim, cursor="", **query))
    error = refused(search(scim, cursor=first["nextCursor"], **{**query, **changed}), 400, scim_type)
    named = {"invalidCursor": "cursor", "invalidCount": "", "invalidValue": "startIndex"}[scim_type]
    assert named in error["detail"]
    assert listing(search(scim, cursor=first["nextCursor"], **query))["Resources"]


def test_a_cursor_of_one_endpoint_opens_no_other_one(scim, people):
    cursors = {path: listing(search(scim, path, cursor="", count=1))["nextCursor"] for path in (ROOT, USERS, GROUPS)}
    for path in cursors:
        for origin, cursor in cursors.items():
            answer = search(scim, path, cursor=cursor, count=1)
            if origin == path:
                listing(answer)
            else:
                refused(answer, 400, "invalidCursor", naming="cursor")


def test_a_cursor_that_was_made_elsewhere_or_by_hand_is_the_same_mistake(house, name):
    mine, theirs = (house.new_directory("generic").scim for _ in range(2))
    for scim in (mine, theirs):
        for number in range(3):
            scim.create(f"{number}.{name}")
    cursor = listing(search(mine, cursor="", count=2))["nextCursor"]
    foreign = refused(search(theirs, cursor=cursor, count=2), 400, "invalidCursor")
    for forged in (
        cursor[:-1],
        cursor + "A",
        cursor.swapcase(),
        cursor[1:] + cursor[0],
        cursor[:20],
        "A" * len(cursor),
        "AAAA",
        "x",
        "~._-",
        "a b",
        "%00",
        "../../etc/passwd",
        "😀",
        "0",
        "null",
        "x" * 5000,
    ):
        assert refused(search(mine, cursor=forged, count=2), 400, "invalidCursor") == foreign, forged
    assert foreign["schemas"] == [ERROR]


def test_another_token_of_the_directory_walks_on_and_an_ended_one_does_not(directory, people):
    house, scim = directory.house, directory.scim
    other = Scim(scim.base_url, house.new_token(directory.name))
    cursor = listing(search(scim, cursor="", count=2))["nextCursor"]
    assert len(listing(search(other, cursor=cursor, count=2))["Resources"]) == 2
    tokens = house.admin.call("TokenService/ListTokens", directory=directory.name).tokens
    house.admin.call("TokenService/RevokeToken", directory=directory.name, token=tokens[-1].id)
    refused(search(scim, cursor=cursor, count=2), 401)
    assert len(listing(search(other, cursor=cursor, count=2))["Resources"]) == 2


def test_an_expired_cursor_says_so(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_PAGE_TOKEN_LIFETIME": "1s"})
    scim = house.new_directory().scim
    for number in range(3):
        scim.create(str(number))
    cursor = listing(search(scim, cursor="", count=2))["nextCursor"]
    for _ in range(100):
        if search(scim, cursor=cursor, count=2).status_code != 200:
            break
        time.sleep(0.1)
    refused(search(scim, cursor=cursor, count=2), 400, "expiredCursor", naming="cursor")
    assert len(listing(search(scim, cursor="", count=2))["Resources"]) == 2
    house.stop()


@pytest.mark.parametrize("sort_by", [None, "displayName", "title"])
def test_a_walk_amid_inserts_neither_repeats_nor_skips_who_was_there(directory, name, sort_by):
    scim = directory.scim
    there = {
        scim.create(f"{number}.{name}", displayName=f"{number % 7}", **({"title": "x"} if number % 2 else {}))["id"]
        for number in range(40)
    }
    there |= {new_group(scim, f"{number % 5}")["id"] for number in range(10)}
    members = {"sortBy": sort_by} if sort_by else {}
    inserting = Scim(scim.base_url, scim.token)

    def insert(number: int) -> None:
        inserting.create(f"late.{number}.{name}", displayName=str(number % 9), title=str(number))

    with ThreadPoolExecutor(1) as pool:
        late = [pool.submit(insert, number) for number in range(40)]
        seen = [resource["id"] for resource in walk(scim, ROOT, count=3, **members)]
        for one in late:
            one.result()
    assert len(seen) == len(set(seen)), "somebody was seen twice"
    assert there <= set(seen), "somebody who was there was skipped"
    assert ids(*walk(scim, ROOT, count=100)) >= there


def test_a_walk_amid_deletions_and_changes_skips_nobody_who_stays(scim, people, name):
    more = [scim.create(f"more.{number}.{name}") for number in range(6)]
    group = new_group(scim, "Last")
    first = listing(search(scim, cursor="", count=2))
    no_content(scim.delete(f"/Users/{people[1]['id']}"))
    no_content(scim.delete(f"/Users/{more[0]['id']}"))
    change(scim, people[3], add(more[1]))
    seen = first["Resources"]
    cursor = first["nextCursor"]
    while cursor:
        page = listing(search(scim, cursor=cursor, count=2))
        seen += page["Resources"]
        cursor = page.get("nextCursor")
    stayed = ids(people[0], *people[2:], *more[1:], group)
    walked = [one["id"] for one in seen]
    assert set(walked) - {people[1]["id"]} == stayed
    assert len(walked) == len(set(walked))


def test_a_walk_that_stands_on_somebody_who_is_deleted_goes_on(scim, people):
    first = listing(search(scim, USERS, cursor="", count=1))
    no_content(scim.delete(f"/Users/{first['Resources'][0]['id']}"))
    second = search(scim, USERS, cursor=first["nextCursor"], count=1)
    assert listing(second)["Resources"][0]["id"] == people[1]["id"], told(second)
