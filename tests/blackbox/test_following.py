"""Services follow what happens: every change, in order, with what was and what is, and none is missed."""

import signal
import threading

import pytest
from groups import a_group, add, change, ids, new_group, put, remove, rename, with_groups

from harness.follower import Follower, changes_of, type_number, type_of
from harness.ports import free_port
from harness.process import Process
from harness.rpc import api, judge, refuses
from harness.scim import a_user, no_content, ok

pytestmark = pytest.mark.databases

SECRET = "S3cret-of-nobody-4711"


def follow(directory, **request) -> Follower:
    return Follower(directory.house.admin, directory=directory.name, **request)


def listed(directory, **request):
    return directory.house.admin.call("EventService/ListEvents", directory=directory.name, **request)


def newest(directory) -> int:
    return listed(directory, page_size=1).newest


def test_a_follower_sees_every_change_with_what_was_and_what_is(generic, name):
    directory, house, scim = with_groups(generic), generic.house, generic.scim
    with follow(directory, after=newest(directory)) as follower:
        ana = scim.create(name, title="Boss")
        ben = scim.create(f"ben.{name}")
        scim.change(ana, {"op": "replace", "path": "title", "value": "Chief"})
        group = new_group(scim, "Ops", ana)
        change(scim, group, rename("Operations"))
        change(scim, group, add(ben), remove(ana))
        no_content(scim.delete(f"/Users/{ben['id']}"))
        house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, password_handling=2)
        token = house.admin.call("TokenService/CreateToken", directory=directory.name)
        house.admin.call("TokenService/RevokeToken", directory=directory.name, token=token.token.id)
        follower.wait(lambda it: it.types.count("CREDENTIAL_ENDED") == 1)
    told = [(type_of(event), event.subject, changes_of(event)) for event in follower.events]
    assert [kind for kind, _, _ in told] == [
        "USER_CREATED",
        "USER_CREATED",
        "USER_UPDATED",
        "GROUP_CREATED",
        "GROUP_UPDATED",
        "GROUP_UPDATED",
        "GROUP_UPDATED",
        "GROUP_UPDATED",
        "GROUP_UPDATED",
        "USER_DELETED",
        "DIRECTORY_UPDATED",
        "CREDENTIAL_CREATED",
        "CREDENTIAL_ENDED",
    ]
    assert [subject for _, subject, _ in told[:3]] == [ana["id"], ben["id"], ana["id"]]
    assert told[0][2]["userName"] == (None, name)
    assert told[2][2] == {"title": ("Boss", "Chief")}
    assert told[4][2] == {"members": (ids(ana), set())}
    assert told[5][2] == {"displayName": ("Ops", "Operations")}
    assert [moved["members"] for _, _, moved in told[6:8]] == [(ids(ben), set()), (set(), ids(ana))]
    assert told[8][2] == {"members": (set(), ids(ben))}
    assert told[9][2]["userName"] == (f"ben.{name}", None)
    assert told[10][2]["password"] == ("discard", "store")
    assert told[11][1] == told[12][1] == token.token.id
    assert [event.version for event in follower.events if event.subject == group["id"]] == [1, 1, 2, 3, 3, 4]


def test_an_event_tells_who_asked_for_it_in_which_request(generic, name):
    answer = generic.scim.request("POST", "/Users", data=a_user(name), headers={"X-Request-Id": "sync-4711"})
    assert answer.status_code == 201
    event = listed(generic).events[-1]
    assert event.request_id == "sync-4711"
    assert event.actor.kind == api()["identity"].CREDENTIAL_KIND_SCIM_TOKEN
    assert event.actor.prefix != ""
    assert generic.token.startswith(event.actor.prefix)
    assert event.time.seconds > 1_700_000_000


def test_the_list_and_the_stream_are_the_same_and_have_no_gaps(generic, name):
    for number in range(25):
        generic.scim.create(f"{number}.{name}")
    pages, position = [], 0
    while True:
        page = listed(generic, after=position, page_size=10)
        pages += page.events
        position = page.position
        if position == page.newest:
            break
    assert [event.number for event in pages] == list(range(1, 28))
    with follow(generic, after=0) as follower:
        follower.wait(lambda it: it.position == 27)
    assert follower.events == pages
    with follow(generic) as follower:
        follower.wait(lambda it: it.position == 27)
    assert follower.events == pages


def test_a_follower_that_was_away_goes_on_where_it_was(generic, name):
    generic.scim.create(f"1.{name}")
    with follow(generic, after=0) as follower:
        follower.wait(lambda it: it.position == 3)
    generic.scim.create(f"2.{name}")
    generic.scim.create(f"3.{name}")
    with follow(generic, after=follower.position) as again:
        again.wait(lambda it: it.position == 5)
        generic.scim.create(f"4.{name}")
        again.wait(lambda it: it.position == 6)
    assert again.numbers == [4, 5, 6]
    assert [changes_of(event)["userName"][1] for event in again.events] == [f"{n}.{name}" for n in (2, 3, 4)]


def test_a_filter_lets_types_through_and_the_position_passes_the_others(generic, name):
    start = newest(generic)
    wanted = [type_number("USER_DELETED")]
    with follow(generic, after=start, types=wanted) as follower:
        users = [generic.scim.create(f"{number}.{name}") for number in range(3)]
        no_content(generic.scim.delete(f"/Users/{users[1]['id']}"))
        follower.wait(lambda it: it.events != [])
    assert [(type_of(event), event.subject) for event in follower.events] == [("USER_DELETED", users[1]["id"])]
    page = listed(generic, after=start, types=wanted)
    assert list(page.events) == follower.events
    assert page.position == page.newest == start + 4
    nothing = listed(generic, after=start, types=[type_number("SCHEMA_DELETED")])
    assert (list(nothing.events), nothing.position) == ([], start + 4)


def test_a_bound_key_sees_its_directory_and_no_other(house, name):
    mine, theirs = house.new_directory(), house.new_directory()
    rpc = house.rpc(house.new_service_key("EVENTS_READ", directory=mine.name))
    user = mine.scim.create(name)
    stranger = theirs.scim.create(f"x.{name}")
    with Follower(rpc, after=0) as follower:
        follower.wait(lambda it: user["id"] in {event.subject for event in it.events})
        theirs.scim.create(f"y.{name}")
        mine.scim.change(user, {"op": "replace", "path": "active", "value": False})
        follower.wait(lambda it: "USER_UPDATED" in it.types)
    assert stranger["id"] not in {event.subject for event in follower.events}
    assert follower.numbers == list(range(1, len(follower.numbers) + 1))
    for call in ("ListEvents", "WatchEvents"):
        with refuses("NOT_FOUND", naming=theirs.name):
            rpc.first(f"EventService/{call}", directory=theirs.name)
        with refuses("FORBIDDEN"):
            rpc.first(f"EventService/{call}", outside_directories=True)
    with refuses("NOT_FOUND"):
        rpc.call("EventService/GetAttributeOrigins", id=stranger["id"])
    everywhere = house.rpc(house.new_service_key("EVENTS_READ"))
    with refuses("INVALID_VALUE", naming="directory"):
        everywhere.first("EventService/WatchEvents", after=0)
    with Follower(everywhere, directory=mine.name, after=0) as follower:
        follower.wait(lambda it: it.types.count("USER_UPDATED") == 1)


def test_what_belongs_to_no_directory_is_followed_apart(house):
    position = house.admin.call("EventService/ListEvents", outside_directories=True, page_size=1).newest
    with Follower(house.admin, outside_directories=True, after=position) as follower:
        made = house.admin.call("ServiceKeyService/CreateServiceKey", name="x", scopes=[3]).service_key
        follower.wait(lambda it: made.id in {event.subject for event in it.events})
    assert "CREDENTIAL_CREATED" in follower.types
    with refuses("INVALID_VALUE", naming="outside_directories"):
        house.admin.call("EventService/ListEvents", outside_directories=True, directory="default")


def test_bad_requests_are_told_what_is_wrong(generic):
    for call in ("ListEvents", "WatchEvents"):
        first = generic.house.admin.first
        with refuses("NOT_FOUND", naming="nowhere"):
            first(f"EventService/{call}", directory="nowhere")
        with refuses("INVALID_VALUE", naming="negative"):
            first(f"EventService/{call}", directory=generic.name, after=-1)
        with refuses("INVALID_VALUE", naming="999 is no type"):
            first(f"EventService/{call}", directory=generic.name, types=[999])
        with refuses("EVENTS_AHEAD", naming="newest event, 2"):
            first(f"EventService/{call}", directory=generic.name, after=3)
    with refuses("INVALID_VALUE", naming="page_size"):
        listed(generic, page_size=-1)
    with refuses("NOT_FOUND", naming="no-id"):
        generic.house.admin.call("EventService/GetAttributeOrigins", directory=generic.name, id="no-id")


def test_no_event_tells_a_secret(generic, name):
    house = generic.house
    house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, password_handling=2)
    user = generic.scim.create(name, password=SECRET)
    generic.scim.change(user, {"op": "replace", "path": "password", "value": SECRET + "!"})
    made = house.admin.call("TokenService/RotateToken", directory=generic.name, overlap={})
    with follow(generic, after=0) as follower:
        follower.wait(lambda it: "CREDENTIAL_ENDED" in it.types)
    [changed] = [event for event in follower.events if type_of(event) == "USER_UPDATED"]
    assert changes_of(changed) == {"password": (None, None)}
    told = "".join(str(event) for event in follower.events)
    for secret in (SECRET, generic.token, made.secret, house.admin_key):
        assert secret not in told


def test_a_key_that_is_revoked_ends_what_it_follows(generic, name):
    house = generic.house
    made = house.admin.call(
        "ServiceKeyService/CreateServiceKey", name="follower", scopes=[api()["access"].SCOPE_EVENTS_READ]
    )
    with Follower(house.rpc(made.secret), directory=generic.name, after=0) as follower:
        follower.wait(lambda it: it.position is not None)
        house.admin.call("ServiceKeyService/RevokeServiceKey", service_key=made.service_key.id)
        number = 0
        while follower.ended is None:
            number += 1
            generic.scim.create(f"{number}.{name}")
        assert follower.wait_for_end() == "CREDENTIAL_INVALID"


def test_a_directory_that_is_deleted_tells_so_in_the_end(house, name):
    directory = house.new_directory()
    user = directory.scim.create(name)
    with follow(directory, after=0) as follower:
        follower.wait(lambda it: "USER_CREATED" in it.types)
        house.admin.call("DirectoryService/DeleteDirectory", name=directory.name, confirm_name=directory.name)
        assert follower.wait_for_end() == "NOT_FOUND"
    assert follower.types[-1] == "DIRECTORY_DELETED"
    assert follower.events[-1].subject != user["id"]
    with refuses("NOT_FOUND", naming=directory.name):
        listed(directory)


def restart(house) -> None:
    """Ends the processes of a house, and starts them on other ports."""
    house.stop()
    house.processes.clear()
    house.__dict__.pop("admin", None)
    house.__dict__.pop("default", None)
    house.start()


def test_a_core_that_stops_ends_the_stream_and_nothing_is_missed(new_house, name):
    house = new_house.start()
    directory = house.default
    directory.scim.create(f"1.{name}")
    with follow(directory, after=0) as follower:
        follower.wait(lambda it: it.types.count("USER_CREATED") == 1)
        core = house.processes[0]
        core.process.send_signal(signal.SIGTERM)
        assert follower.wait_for_end() == "UNAVAILABLE"
        assert core.wait() == 0
    restart(house)
    house.default.scim.create(f"2.{name}")
    with follow(house.default, after=follower.position) as rest:
        rest.wait(lambda it: it.types.count("USER_CREATED") == 1)
    assert changes_of(rest.events[-1])["userName"] == (None, f"2.{name}")
    assert follower.numbers + rest.numbers == list(range(1, rest.position + 1))


def test_old_events_go_and_who_missed_them_is_told_but_origins_stay(new_house, name):
    house = new_house
    house.settings["ROLLCALL_EVENT_RETENTION"] = "30d"
    house.start()
    user = house.default.scim.create(name, title="Boss")
    house.default.scim.change(user, {"op": "replace", "path": "title", "value": "Chief"})
    events = listed(house.default).events
    made, changed = [event for event in events if event.subject == user["id"]]
    house.database.execute("UPDATE events SET time = 1 WHERE number <= ?", made.number)
    restart(house)

    def is_gone() -> bool:
        return judge(lambda: listed(house.default, after=0)) == "EVENTS_EXPIRED"

    house.processes[0].wait_for(is_gone)
    with refuses("EVENTS_EXPIRED", naming=f"number {changed.number}"):
        house.admin.first("EventService/WatchEvents", directory="default", after=made.number - 1)
    page = listed(house.default)
    assert (page.oldest, page.events[0]) == (changed.number, changed)
    with follow(house.default, after=made.number) as follower:
        follower.wait(lambda it: it.events != [])
    assert follower.events[0] == changed
    house.default.scim.create(f"2.{name}")
    assert listed(house.default).events[-1].number == page.newest + 1
    origins = house.admin.call("EventService/GetAttributeOrigins", directory="default", id=user["id"]).origins
    told = {origin.attribute: (origin.event_id, origin.event_number) for origin in origins}
    assert told == {"": (made.id, 0), "title": (changed.id, changed.number)}
    assert {origin.actor.credential_id for origin in origins} == {made.actor.credential_id}


def test_each_attribute_knows_the_event_that_last_changed_it(generic, name):
    directory, scim = with_groups(generic), generic.scim
    ana, ben = scim.create(name, title="Boss", nickName="A"), scim.create(f"ben.{name}")
    scim.change(ana, {"op": "remove", "path": "nickName"}, {"op": "replace", "path": "title", "value": "Chief"})
    scim.change(ana, {"op": "replace", "path": "title", "value": "Boss"})
    group = new_group(scim, "Ops", ana)
    put(scim, group, a_group("Operations", ben))

    def origins(resource: dict) -> dict:
        answer = directory.house.admin.call(
            "EventService/GetAttributeOrigins", directory=directory.name, id=resource["id"]
        )
        return {origin.attribute: origin.event_number for origin in answer.origins}

    def events(resource: dict) -> list:
        return [event for event in listed(directory).events if event.subject == resource["id"]]

    made, cleared, changed = [event.number for event in events(ana)]
    assert origins(ana) == {"": made, "nickName": cleared, "title": changed}
    made, _, renamed, *moved = [event.number for event in events(group)]
    assert origins(group) == {"": made, "displayName": renamed, "members": moved[-1]}
    no_content(scim.delete(f"/Users/{ben['id']}"))
    assert origins(group)["members"] == events(group)[-1].number


def write_at_once(directory, users: list[dict], name: str) -> None:
    """Creates and changes users from several connections at once."""

    def work(worker: int) -> None:
        for step in range(10):
            directory.scim.create(f"{worker}.{step}.{name}")
            user = users[(worker + step) % len(users)]
            title = {"op": "replace", "path": "title", "value": f"{worker}.{step}"}
            ok(directory.scim.patch(f"/Users/{user['id']}", title))

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def require_versions_in_order(events: list) -> None:
    versions: dict[str, int] = {}
    for event in events:
        assert event.version >= versions.get(event.subject, 1), event
        versions[event.subject] = event.version


def test_followers_miss_nothing_while_many_write(generic, name):
    users = [generic.scim.create(f"{number}.{name}") for number in range(3)]
    start = newest(generic)
    with follow(generic, after=start) as one, follow(generic, after=start) as other:
        write_at_once(generic, users, name)
        for follower in (one, other):
            follower.wait(lambda it: len(it.events) == 120)
    assert one.events == other.events
    assert one.numbers == list(range(start + 1, start + 121))
    assert one.types.count("USER_CREATED") == 60
    require_versions_in_order(one.events)


def test_two_cores_number_and_tell_the_same(builder, name):
    house = builder.start("apart-postgres")
    directory = house.new_directory()
    users = [directory.scim.create(f"{number}.{name}") for number in range(3)]
    address = f"127.0.0.1:{free_port()}"
    second = Process(["core"], house.work / "second", **{**house.core_settings, "ROLLCALL_GRPC_ADDR": address})
    house.processes.append(second)
    second.wait_for(lambda: "Rollcall core is ready" in second.stdout)
    there = type(house.admin)(address, house.admin_key)
    start = newest(directory)
    with (
        follow(directory, after=start) as here,
        Follower(there, directory=directory.name, after=start) as elsewhere,
    ):
        write_at_once(directory, users, name)
        made = there.call("UserService/CreateUser", directory=directory.name, user={"user_name": f"there.{name}"}).user
        for follower in (here, elsewhere):
            follower.wait(lambda it: made.id in {event.subject for event in it.events} and len(it.events) == 121)
    assert here.events == elsewhere.events
    assert here.numbers == list(range(start + 1, start + 122))
    require_versions_in_order(here.events)
