"""Queries over all types, searches by POST, and both ways of paging through them (RFC 7644 §3.4, RFC 9865)."""

import string
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import add, change, ids, new_group, with_groups

from harness.scim import ENTERPRISE, ERROR, GROUP, LIST, MESSAGES, USER, Scim, listing, no_content, refused, told

SEARCH_REQUEST = MESSAGES + "SearchRequest"
ROOT, USERS, GROUPS = "/.search", "/Users/.search", "/Groups/.search"
CURSOR_LETTERS = set(string.ascii_letters + string.digits + "-._~")


@pytest.fixture
def directory(generic):
    return with_groups(generic)


@pytest.fixture
def people(scim, name) -> list[dict]:
    """Three users and two groups, in the order of their creation."""
    made = [
        scim.create(f"{number}.{name}", displayName=label, externalId=str(number))
        for number, label in enumerate(("Mike", "alpha", "Zulu"))
    ]
    made.append(new_group(scim, "Bravo", made[0], externalId="0"))
    made.append(new_group(scim, "yankee", made[1], made[3]))
    return made


def search(scim, path: str = ROOT, **members):
    return scim.post(path, {"schemas": [SEARCH_REQUEST], **members})


def found(scim, path: str = ROOT, **members) -> list[dict]:
    return listing(search(scim, path, **members))["Resources"]


def labels(resources: list[dict]) -> list[str]:
    return [resource.get("displayName", resource.get("userName")) for resource in resources]


def now(scim, made: list[dict]) -> list[dict]:
    """Resources as a GET has them now."""
    return [listing(scim.get("/", filter=f'id eq "{one["id"]}"'))["Resources"][0] for one in made]


# Searches


def test_each_endpoint_searches_what_it_has(scim, people):
    assert ids(*found(scim)) == ids(*people)
    assert found(scim, USERS) == listing(scim.get("/Users"))["Resources"]
    assert found(scim, GROUPS) == people[3:] == listing(scim.get("/Groups"))["Resources"]
    assert labels(found(scim)) == labels(people)


def test_a_search_answers_what_a_get_with_the_same_parameters_answers(scim, people):
    for parameters in (
        {},
        {"filter": 'displayName co "a"'},
        {"filter": 'externalId eq "0"', "attributes": ["displayName"]},
        {"sortBy": "displayName", "sortOrder": "descending"},
        {"startIndex": 2, "count": 2},
        {"startIndex": 17, "count": 2},
        {"count": 0},
        {"excludedAttributes": ["members", "meta"]},
        {"attributes": ["members.value", "userName"], "count": 10},
    ):
        query = {name: ",".join(value) if isinstance(value, list) else value for name, value in parameters.items()}
        for path in ("/", "/Users", "/Groups"):
            searched = listing(search(scim, path.rstrip("/") + "/.search", **parameters))
            assert searched == listing(scim.get(path, **query)), (path, parameters)


def test_the_root_lists_users_and_groups_whole(scim, people):
    page = listing(scim.get("/"))
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 1, 5)
    for resource in page["Resources"]:
        kind = resource["meta"]["resourceType"]
        assert resource["meta"]["location"] == f"{scim.base_url}/{kind}s/{resource['id']}"
        assert scim.get(f"/{kind}s/{resource['id']}").json() == resource
    assert {USER, GROUP} == {resource["schemas"][0] for resource in page["Resources"]}


def test_the_root_is_filtered_by_what_either_type_has(scim, people):
    for expression, expected in {
        'displayName eq "BRAVO"': ["Bravo"],
        'displayName sw "a" or displayName sw "b"': ["alpha", "Bravo"],
        'externalId eq "0"': ["Mike", "Bravo"],
        'userName sw "1."': ["alpha"],
        "userName pr": ["Mike", "alpha", "Zulu"],
        "not (userName pr)": ["Bravo", "yankee"],
        "members pr": ["Bravo", "yankee"],
        f'members.value eq "{people[0]["id"]}"': ["Bravo"],
        f'groups.value eq "{people[4]["id"]}"': ["Mike", "alpha"],
        f'members.value eq "{people[0]["id"]}" or groups.display eq "bravo"': ["Mike", "Bravo"],
        'meta.resourceType eq "Group"': ["Bravo", "yankee"],
        'meta.resourceType eq "User" and displayName ne "Zulu"': ["Mike", "alpha"],
        'displayName ne "Zulu"': ["Mike", "alpha", "Bravo", "yankee"],
        f'id eq "{people[3]["id"]}"': ["Bravo"],
        "active eq true": ["Mike", "alpha", "Zulu"],
        f"{ENTERPRISE}:department pr": [],
        f'{GROUP}:displayName eq "alpha"': [],
        f'{USER}:displayName eq "alpha"': ["alpha"],
    }.items():
        assert labels(found(scim, filter=expression)) == expected, expression
        assert labels(listing(scim.get("/", filter=expression))["Resources"]) == expected, expression
    refused(search(scim, filter='nothing eq "x"'), 400, "invalidFilter", naming="nothing")


def test_the_root_is_projected_by_what_either_type_has(scim, people):
    for resource in found(scim, attributes=["displayName", "members"]):
        has_members = "members" in resource
        assert set(resource) == {"schemas", "id", "displayName"} | ({"members"} if has_members else set())
        assert has_members == (resource["id"] in ids(*people[3:]))
    for resource in found(scim, excludedAttributes=["members", "groups"]):
        assert not {"members", "groups"} & resource.keys()


def test_names_in_a_search_have_no_case_and_what_is_not_ours_is_skipped(scim, people):
    body = {
        "Schemas": [SEARCH_REQUEST.upper(), "urn:example:other"],
        "FILTER": 'displayName eq "alpha"',
        "SortBy": "displayName",
        "startIndex": None,
        "count": None,
        "attributes": None,
        "shoeSize": {"a": []},
    }
    assert labels(listing(scim.post(USERS, body))["Resources"]) == ["alpha"]
    body = {"schemas": [SEARCH_REQUEST], "attributes": "displayName,userName"}
    assert all(
        set(one) <= {"schemas", "id", "displayName", "userName"} for one in listing(scim.post(ROOT, body))["Resources"]
    )


def test_a_search_is_no_resource(scim, people):
    for path in (ROOT, USERS, GROUPS):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = scim.request(method, path, data=None if method == "GET" else {"schemas": [SEARCH_REQUEST]})
            refused(answer, 405)
            assert answer.headers["allow"] == "POST"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = scim.request(method, "/", data={"schemas": [USER]})
        refused(answer, 405)
        assert "GET" in answer.headers["allow"]


def test_a_search_is_bound_to_its_directory(house, name):
    mine, theirs = house.new_directory("generic"), house.new_directory("generic")
    user = theirs.scim.create(name)
    group = new_group(theirs.scim, "Ops", user)
    for path in (ROOT, USERS, GROUPS):
        page = listing(search(mine.scim, path))
        assert page == {"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}
    assert found(mine.scim, filter=f'id eq "{group["id"]}"') == []
    refused(search(Scim(mine.scim.base_url, "wrong")), 401)
    assert ids(*found(theirs.scim)) == ids(user, group)


# Sorting


@pytest.mark.parametrize(
    ("by", "ascending"),
    [
        ("displayName", ["alpha", "Bravo", "Mike", "yankee", "Zulu"]),
        ("DISPLAYNAME", ["alpha", "Bravo", "Mike", "yankee", "Zulu"]),
        ("meta.created", ["Mike", "alpha", "Zulu", "Bravo", "yankee"]),
        ("id", ["Mike", "alpha", "Zulu", "Bravo", "yankee"]),
    ],
)
def test_the_root_is_sorted_over_all_types(scim, people, by, ascending):
    assert labels(found(scim, sortBy=by)) == ascending
    assert labels(found(scim, sortBy=by, sortOrder="descending")) == ascending[::-1]
    assert labels(listing(scim.get("/", sortBy=by, sortOrder="DESCENDING"))["Resources"]) == ascending[::-1]


def test_who_has_no_value_comes_last_ascending_and_first_descending(scim, people):
    assert labels(found(scim, sortBy="userName")) == ["Mike", "alpha", "Zulu", "Bravo", "yankee"]
    backwards = labels(found(scim, sortBy="userName", sortOrder="descending"))
    assert (set(backwards[:2]), backwards[2:]) == ({"Bravo", "yankee"}, ["Zulu", "alpha", "Mike"])
    assert labels(found(scim, GROUPS, sortBy="externalId")) == ["Bravo", "yankee"]
    assert labels(found(scim, GROUPS, sortBy="externalId", sortOrder="descending")) == ["yankee", "Bravo"]


def test_groups_are_sorted_by_their_own_attributes_and_not_by_members(scim, people):
    assert labels(found(scim, GROUPS, sortBy="displayName", sortOrder="descending")) == ["yankee", "Bravo"]
    change(scim, people[3], {"op": "replace", "path": "externalId", "value": "9"})
    assert labels(found(scim, GROUPS, sortBy="meta.lastModified")) == ["yankee", "Bravo"]
    for by in ("members", "members.value", "userName", "nothing"):
        refused(search(scim, GROUPS, sortBy=by), 400, "invalidPath", naming="sortBy")


def test_equal_values_keep_the_order_of_creation_on_every_page(scim, name):
    for number in range(9):
        scim.create(f"{number}.{name}", title="same", emails=[{"value": "x@example.com", "primary": True}])
    for by in ("title", "emails", "emails.value", "active"):
        pages = [found(scim, USERS, sortBy=by, startIndex=start, count=2) for start in (1, 3, 5, 7, 9)]
        seen = [user["userName"][0] for page in pages for user in page]
        assert seen == list("012345678"), by


# Paging by index


def test_pages_by_index_are_exact(scim, people):
    for path in (ROOT, USERS, GROUPS):
        total = len(found(scim, path))
        for start, echoed in ((1, 1), (0, 1), (-5, 1), (2, 2), (total, total), (total + 1, total + 1), (1000, 1000)):
            page = listing(search(scim, path, startIndex=start, count=2))
            expected = max(0, min(2, total - echoed + 1))
            assert (page["startIndex"], page["totalResults"], page["itemsPerPage"]) == (echoed, total, expected)
            assert "nextCursor" not in page
        for count in (0, -1):
            page = listing(search(scim, path, count=count))
            assert (page["totalResults"], page["itemsPerPage"], page["Resources"]) == (total, 0, [])


# Paging by cursor


def walk(scim, path: str, **members) -> list[dict]:
    """All pages by cursor."""
    cursor, seen = "", []
    while True:
        page = listing(search(scim, path, cursor=cursor, **members))
        assert "startIndex" not in page
        seen += page["Resources"]
        if "nextCursor" not in page:
            return seen
        cursor = page["nextCursor"]
        assert cursor
        assert set(cursor) <= CURSOR_LETTERS


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
