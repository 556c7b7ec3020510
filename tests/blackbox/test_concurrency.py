"""What holds when many come at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import new_group, path_of, read

from harness.scim import Scim, a_user, ok, told

pytestmark = pytest.mark.databases


def at_once(work, arguments) -> list:
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(work, arguments))


def test_of_two_users_with_one_name_one_is_created(generic, name):
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(8)]
    for round in range(5):
        names = [f"{round}.{name}" if number % 2 else f"{round}.{name}".upper() for number in range(8)]
        answers = at_once(lambda pair: pair[0].post("/Users", a_user(pair[1])), list(zip(clients, names, strict=True)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert generic.scim.total() == 5


def test_parallel_patches_of_one_user_all_land(generic, name):
    user = generic.scim.create(name)
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(8)]

    def add(number: int) -> None:
        operation = {"op": "add", "path": "emails", "value": [{"value": f"{number}@example.com", "type": str(number)}]}
        answer = clients[number % 8].patch(f"/Users/{user['id']}", operation)
        assert answer.status_code == 200, told(answer)

    at_once(add, range(16))
    seen = generic.scim.read(user)
    assert sorted(email["value"] for email in seen["emails"]) == sorted(f"{number}@example.com" for number in range(16))
    assert seen["meta"]["version"] == 'W/"17"'
    assert len(generic.events(user["id"])) == 17


def test_of_two_changes_of_the_same_version_one_is_made(generic, name):
    user = generic.scim.create(name)
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(6)]
    condition = {"If-Match": user["meta"]["version"]}

    def put(number: int) -> int:
        return (
            clients[number].put(f"/Users/{user['id']}", a_user(name, title=str(number)), headers=condition).status_code
        )

    assert sorted(at_once(put, range(6))) == [200] + [412] * 5
    assert generic.scim.read(user)["meta"]["version"] == 'W/"2"'


def test_a_user_is_deleted_once(generic, name):
    user = generic.scim.create(name)
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(4)]
    answers = at_once(lambda client: client.delete(f"/Users/{user['id']}").status_code, clients)
    assert sorted(answers) == [204, 404, 404, 404]
    assert generic.scim.total() == 0


def test_users_are_deleted_while_their_groups_change(generic, name):
    scim = generic.scim
    users = [scim.create(f"{number}.{name}")["id"] for number in range(24)]
    groups = [new_group(scim, f"{name} {number}", *users) for number in range(2)]
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(8)]

    def delete(client, number):
        return [client.delete(f"/Users/{user}").status_code for user in users[number::4]]

    def change(client, number):
        group = groups[number % 2]
        for user in users[number::4] * 2:
            out = {"op": "remove", "path": f'members[value eq "{user}"]'}
            back = {"op": "add", "path": "members", "value": [{"value": user}]}
            both = {"op": "replace", "path": "members", "value": [{"value": each} for each in (user, users[number])]}
            # Whoever has been deleted is nobody's member: 400.
            yield [client.patch(path_of(group), operation).status_code for operation in (out, back, both)]

    def work(place):
        client, number = clients[place], place // 2
        return delete(client, number) if place % 2 else [each for pair in change(client, number) for each in pair]

    answers = at_once(work, range(8))
    assert [status for deleted in answers[1::2] for status in deleted] == [204] * 24
    assert {status for changed in answers[::2] for status in changed} <= {200, 204, 400}
    assert [read(scim, group).get("members", []) for group in groups] == [[], []]


def test_users_are_created_in_parallel_and_all_are_counted(generic, name):
    clients = [Scim(generic.house.base_url, generic.token) for _ in range(8)]

    def create(number: int) -> str:
        return clients[number % 8].create(f"{number}.{name}")["id"]

    ids = at_once(create, range(40))
    assert generic.scim.total() == 40
    assert {user["id"] for user in ok(generic.scim.get("/Users", count=100))["Resources"]} == set(ids)


def test_two_replicas_change_one_user_and_lose_nothing(builder, name):
    first = builder.start("apart-postgres")
    second = builder.start(
        "apart-postgres", database=first.database, admin_key=first.admin_key, scim_token=first.scim_token
    )
    directory = first.new_directory()
    user = directory.scim.create(name)
    clients = [Scim(house.base_url, directory.token) for house in (first, second) for _ in range(4)]

    def add(number: int) -> None:
        operation = {"op": "add", "path": f'emails[type eq "{number}"].value', "value": f"{number}@example.com"}
        assert clients[number].patch(f"/Users/{user['id']}", operation).status_code == 200

    at_once(add, range(8))
    assert len(directory.scim.read(user)["emails"]) == 8
    answers = at_once(lambda client: client.post("/Users", a_user(f"one.{name}")).status_code, clients)
    assert sorted(answers) == [201] + [409] * 7
    second.stop()
    first.stop()
