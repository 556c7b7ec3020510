"""Groups of thousands, many changes of one group at once, and what is as large as it may be."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import (
    a_group,
    add,
    change,
    ids,
    member_ids,
    new_group,
    path_of,
    put,
    read,
    remove,
    remove_by_filter,
    rename,
    replace_members,
    with_groups,
)

from harness.house import MODES
from harness.scim import GROUP, Scim, a_user, created, listing, no_content, ok, refused, told

pytestmark = pytest.mark.every_mode

CLIENTS = 32
# More than go into one message or one statement.
MANY = 2500
LARGE_BODY = 32 * 1024 * 1024


def at_once(work, arguments) -> list:
    arguments = list(arguments)
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(work, arguments))


def clients(directory, count: int = CLIENTS) -> list[Scim]:
    return [Scim(directory.house.base_url, directory.token) for _ in range(count)]


def crowd(directory, count: int) -> list[dict]:
    """Users, made by several clients at a time."""
    makers = clients(directory, 8)

    def make(maker: int) -> list[dict]:
        numbers = range(maker, count, len(makers))
        return [makers[maker].create(f"{number}@example.com", displayName=f"User {number}") for number in numbers]

    return [user for made in at_once(make, range(len(makers))) for user in made]


# Many at once


def test_members_added_at_once_are_all_added(database_house):
    directory = with_groups(database_house.new_directory("entra"))
    users = crowd(directory, CLIENTS * 2)
    group = new_group(directory.scim, "Ops")
    every = clients(directory)

    def join(number: int) -> None:
        for user in users[number::CLIENTS]:
            no_content(every[number].patch(path_of(group), add(user)))

    at_once(join, range(CLIENTS))
    seen = read(directory.scim, group)
    assert member_ids(seen) == ids(*users)
    assert seen["meta"]["version"] == f'W/"{1 + len(users)}"'
    assert len(directory.events(group["id"])) == 1 + len(users)


def test_the_same_member_added_at_once_by_all_is_added_once(database_house, name):
    directory = database_house.new_directory("okta")
    user = directory.scim.create(name)
    group = new_group(directory.scim, "Ops")
    at_once(lambda client: no_content(client.patch(path_of(group), add(user))), clients(directory))
    seen = read(directory.scim, group)
    assert member_ids(seen) == ids(user)
    assert seen["meta"]["version"] == 'W/"2"'
    assert len(directory.events(group["id"])) == 2


def test_members_who_come_while_others_go_and_the_name_changes_lose_nothing(database_house):
    directory = database_house.new_directory("okta")
    users = crowd(directory, CLIENTS)
    stay, go, come = users[:10], users[10:20], users[20:30]
    group = new_group(directory.scim, "Ops", *stay, *go)
    changes = [[add(user)] for user in come] + [[remove_by_filter(user)] for user in go[:5]]
    changes += [[remove(user), add(stay[0])] for user in go[5:]]
    changes += [[rename(f"Ops {number}")] for number in range(6)]
    changes += [[{"op": "replace", "path": "externalId", "value": str(number)}] for number in range(4)]
    every = clients(directory, len(changes))
    at_once(
        lambda number: no_content(every[number].patch(path_of(group), *changes[number])),
        range(len(changes)),
    )
    seen = read(directory.scim, group)
    assert member_ids(seen) == ids(*stay, *come)
    assert seen["displayName"].startswith("Ops ")
    assert seen["externalId"] in "0123"
    assert seen["meta"]["version"] == f'W/"{1 + len(changes)}"'


def test_a_group_that_is_deleted_while_members_come_leaves_no_membership(database_house):
    directory = database_house.new_directory("generic")
    users = crowd(directory, CLIENTS)
    group = new_group(directory.scim, "Ops")
    every = clients(directory)

    def step(number: int) -> int:
        if number == CLIENTS // 2:
            return every[number].delete(path_of(group)).status_code
        return every[number].patch(path_of(group), add(users[number])).status_code

    assert set(at_once(step, range(CLIENTS))) <= {204, 404}
    refused(directory.scim.get(path_of(group)), 404)
    statement = "SELECT COUNT(*) AS rows FROM members WHERE group_id = ?"
    assert database_house.database.rows(statement, database_house.database_id(group["id"]))[0]["rows"] == 0
    assert all("groups" not in user for user in directory.scim.page(count=100)["Resources"])


def test_a_user_who_is_deleted_while_groups_take_it_in_is_in_none(database_house, name):
    directory = database_house.new_directory("okta")
    user = directory.scim.create(name)
    groups = [new_group(directory.scim, f"Ops {number}") for number in range(CLIENTS)]
    every = clients(directory, CLIENTS + 1)

    def step(number: int) -> int:
        if number == CLIENTS:
            return every[number].delete(f"/Users/{user['id']}").status_code
        return every[number].patch(path_of(groups[number]), add(user)).status_code

    assert set(at_once(step, range(CLIENTS + 1))) == {204}
    seen = listing(directory.scim.get("/Groups", count=100))["Resources"]
    assert [group["members"] for group in seen] == [[]] * CLIENTS
    statement = "SELECT COUNT(*) AS rows FROM members WHERE member_id = ?"
    assert database_house.database.rows(statement, database_house.database_id(user["id"]))[0]["rows"] == 0


def test_of_two_groups_with_one_name_one_is_created(database_house):
    directory = database_house.new_directory("okta")
    every = clients(directory, 16)
    answers = at_once(lambda number: every[number].post("/Groups", a_group("Ops" if number % 2 else "OPS")), range(16))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert listing(directory.scim.get("/Groups"))["totalResults"] == 1


def test_of_two_replacements_of_one_version_of_a_group_one_is_made(database_house, name):
    directory = database_house.new_directory("generic")
    user = directory.scim.create(name)
    group = new_group(directory.scim, "Ops")
    condition = {"If-Match": group["meta"]["version"]}
    every = clients(directory, 8)
    answers = at_once(
        lambda number: every[number].put(path_of(group), a_group(f"Ops {number}", user), headers=condition), range(8)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert read(directory.scim, group)["meta"]["version"] == 'W/"2"'


# Thousands


@pytest.fixture(scope="module", params=MODES)
def many(request, houses):
    """A directory with many users, in each mode in turn."""
    directory = houses[request.param].new_directory("generic")
    return directory, crowd(directory, MANY)


def test_thousands_of_members_go_in_and_come_out(many):
    directory, users = many
    scim, everybody = directory.scim, ids(*users)
    group = new_group(scim, "Everybody", *users)
    assert member_ids(group) == everybody
    assert member_ids(read(scim, group)) == everybody
    assert all(member["display"].startswith("User ") for member in group["members"])
    [listed] = listing(scim.get("/Groups", filter=f'id eq "{group["id"]}"'))["Resources"]
    assert member_ids(listed) == everybody
    some = users[::2]
    seen = put(scim, group, a_group("Some", *some))
    assert (member_ids(seen), seen["meta"]["version"]) == (ids(*some), 'W/"2"')
    assert member_ids(change(scim, group, replace_members(*users))) == everybody
    assert member_ids(change(scim, group, remove(*some))) == everybody - ids(*some)
    assert member_ids(change(scim, group, add(*users))) == everybody
    assert put(scim, group, read(scim, group))["meta"]["version"] == 'W/"5"'
    assert change(scim, group, {"op": "replace", "value": {"members": [], "displayName": "Nobody"}})["members"] == []


def test_a_group_of_thousands_is_deleted_with_all_its_memberships(many):
    directory, users = many
    scim, house = directory.scim, directory.house
    group = new_group(scim, "Everybody", *users)
    no_content(scim.delete(path_of(group)))
    refused(scim.get(path_of(group)), 404)
    statement = "SELECT COUNT(*) AS rows FROM members WHERE group_id = ?"
    assert house.database.rows(statement, house.database_id(group["id"]))[0]["rows"] == 0
    assert "groups" not in scim.read(users[-1])


def test_a_change_of_thousands_is_made_whole_or_not_at_all(many):
    directory, users = many
    scim = directory.scim
    group = new_group(scim, "Ops", users[0])
    events = len(directory.events())
    stranger = "01890000-0000-7000-8000-000000000000"
    for answer in (
        scim.put(path_of(group), a_group("Ops", *users, stranger)),
        scim.patch(path_of(group), add(*users), add(stranger)),
        scim.patch(path_of(group), replace_members(*users, stranger)),
        scim.post("/Groups", a_group("Other", *users, stranger)),
    ):
        refused(answer, 400, "invalidValue", naming=stranger)
    assert read(scim, group) == group
    assert len(directory.events()) == events


def test_thousands_of_members_are_removed_one_by_one_in_one_request(many):
    directory, users = many
    group = new_group(directory.scim, "Everybody", *users)
    seen = change(directory.scim, group, *[remove_by_filter(user) for user in users[:1500]])
    assert member_ids(seen) == ids(*users[1500:])


def test_a_list_too_long_for_a_message_is_one_operation(many):
    directory, users = many
    scim, (some, others) = directory.scim, (users[:1001], users[1001:])
    group = new_group(scim, "Ops", *others)
    removes = [remove(others[number % len(others)]) for number in range(4999)]
    assert member_ids(change(scim, group, *removes, add(*some))) == ids(*some)
    refused(scim.patch(path_of(group), *removes, add(*some), rename("x")), 400, "tooMany", naming="5001 are more")
    answer = scim.patch(path_of(group), add(*some), rename("x"), add("nobody"))
    refused(answer, 400, "invalidValue", naming="Operations[2]: members")


# As large as it may be


@pytest.fixture(params=["serve-sqlite", "apart-postgres"])
def two_ways(request, houses):
    """An installation whose messages stay in memory, and one whose messages go over TCP."""
    return houses[request.param]


def padded(body: dict, size: int) -> bytes:
    """A body of exactly so many bytes, in which each member is called something long."""
    room = (size - len(json.dumps(body))) // len(body["members"]) - 20
    for member in body["members"]:
        member["display"] = "x" * room
    content = json.dumps(body).encode()
    return content + b" " * (size - len(content))


def test_a_group_whose_body_is_as_large_as_announced_is_taken(house):
    directory = house.new_directory("generic")
    users = crowd(directory, 300)
    scim = directory.scim
    group = new_group(scim, "Ops")
    content = padded(a_group("Everybody", *users), LARGE_BODY)
    assert len(content) == LARGE_BODY
    seen = ok(scim.request("PUT", path_of(group), content=content))
    assert member_ids(seen) == ids(*users)
    assert seen == read(scim, group)
    assert member_ids(created(scim.request("POST", "/Groups", content=content))) == ids(*users)
    operation = {"op": "replace", "value": {"members": a_group("", *users)["members"]}}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    text = json.dumps(patch).encode()
    no_content(scim.request("PATCH", path_of(group), content=text + b" " * (LARGE_BODY - len(text))))


def test_as_many_members_as_a_body_has_room_for_are_taken(two_ways):
    directory = two_ways.new_directory("okta")
    user = directory.scim.create("ana@example.com")
    strangers = [f"01890000-0000-7000-8000-{number:012}" for number in range(650_000)]
    body = json.dumps(a_group("Ops", *strangers, user), separators=(",", ":")).encode()
    assert LARGE_BODY * 0.9 < len(body) < LARGE_BODY
    group = created(directory.scim.request("POST", "/Groups", content=body))
    assert member_ids(group) == ids(user)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_group_whose_body_is_past_its_limit_is_413(generic, method, announced):
    scim = generic.scim
    group = new_group(scim, "Ops")
    path = "/Groups" if method == "POST" else path_of(group)
    body = b'{"schemas":["%s"],"displayName":"x"}' % GROUP.encode()
    large = body + b" " * (LARGE_BODY + 1 - len(body))
    content = large if announced else (large[start : start + 1_000_000] for start in range(0, len(large), 1_000_000))
    refused(scim.request(method, path, content=content), 413, naming=str(LARGE_BODY))
    assert listing(scim.get("/Groups"))["Resources"] == [group]


def test_what_a_group_says_beside_its_members_has_the_limit_of_a_user(generic):
    scim = generic.scim
    group = new_group(scim, "Ops", junk="x" * 1_000_000)
    long = "x" * (2 * 1024 * 1024)
    for answer in (
        scim.post("/Groups", a_group("Other", junk=long)),
        scim.put(path_of(group), a_group("Ops", junk=long)),
        scim.patch(path_of(group), {"op": "replace", "path": "externalId", "value": long}),
        scim.patch(path_of(group), {"op": "replace", "value": {"members": [], "junk": long}}),
    ):
        refused(answer, 413, naming=["2097152", "members"])
    assert read(scim, group) == group


def test_a_page_of_large_users_is_larger_than_the_messages_of_most_and_comes_whole(generic):
    scim = generic.scim
    users = [scim.create(f"{number}@example.com", title=str(number) * 1_900_000) for number in range(5)]
    answer = scim.get("/Users")
    assert len(answer.content) > 9_000_000
    assert listing(answer)["Resources"] == users
    assert listing(scim.get("/"))["Resources"] == users
    assert scim.find('title sw "3"') == [users[3]]
    [last] = listing(scim.get("/Users", cursor="", sortBy="title", sortOrder="descending", count=1))["Resources"]
    assert last == users[4]


def test_an_answer_past_every_limit_says_what_to_ask_for_instead(two_ways):
    scim = two_ways.new_directory("generic").scim
    for number in range(35):
        answer = scim.post("/Users", a_user(f"{number}@example.com", title="x" * 2_000_000))
        assert answer.status_code == 201, told(answer)
    refused(scim.get("/Users"), 400, "tooMany", naming=["count", "attributes"])
    assert len(scim.page(count=20)["Resources"]) == 20
    assert len(scim.page(attributes="userName")["Resources"]) == 35


def test_the_limits_of_groups_are_settings(builder):
    settings = {"ROLLCALL_MAX_LARGE_BODY": "2MiB", "ROLLCALL_MAX_REQUEST_MEMBERS": "3"}
    house = builder.start("apart-sqlite", settings=settings)
    directory = house.new_directory("okta")
    scim, strangers = directory.scim, [str(number) for number in range(4)]
    group = new_group(scim, "Ops", *strangers[:3])
    refused(scim.post("/Groups", a_group("Other", *strangers)), 400, "tooMany", naming="3")
    refused(scim.put(path_of(group), a_group("Ops", *strangers)), 400, "tooMany", naming="3")
    refused(scim.patch(path_of(group), add(*strangers)), 400, "tooMany", naming="3")
    content = b" " * (2 * 1024 * 1024) + json.dumps(a_group("Ops")).encode()
    refused(scim.request("PUT", path_of(group), content=content), 413, naming=str(2 * 1024 * 1024))
    assert read(scim, group) == group
    house.stop()
