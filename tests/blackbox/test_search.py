"""Queries over all types, searches by POST, their order and their pages by index (RFC 7644 §3.4)."""

import pytest
from groups import change, ids, new_group, with_groups
from searching import GROUPS, ROOT, SEARCH_REQUEST, USERS, a_company, found, labels, search

from harness.scim import ENTERPRISE, GROUP, LIST, USER, Scim, listing, refused

pytestmark = pytest.mark.databases


@pytest.fixture
def directory(generic):
    return with_groups(generic)


@pytest.fixture
def people(scim, name) -> list[dict]:
    return a_company(scim, name)


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
