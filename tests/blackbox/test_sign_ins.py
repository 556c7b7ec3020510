"""Sign-ins by SSO: who comes in, as whom, and who does not."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rpc import api, refuses
from harness.scim import GROUP, MESSAGES, UNKNOWN_ID, a_user, created, no_content, ok, patch_op, refused
from harness.sso import ISSUER, Door, judged, new_subject, work_email

PROTOCOLS = ["saml", "oidc", "jwt", "ldap"]
OTHER_ISSUER = "https://other.example"


@pytest.fixture
def door(generic) -> Door:
    """Where people sign in to a new directory, whose SCIM is on."""
    return Door(generic)


def update(directory, **settings) -> None:
    directory.house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, **settings)


def kinds(directory, subject: str) -> list[str]:
    return [event["kind"] for event in directory.events(subject)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scim_overrides_saml_and_nothing_else(database_house, name, protocol):
    directory = database_house.new_directory()
    door = Door(directory)
    person = {"protocol": protocol, "email": name, "email_verified": True}
    is_saml = protocol == "saml"
    overridden = ("refused_not_provisioned", "overridden_by_scim")
    assert judged(door.explain(**person)) == (overridden if is_saml else ("created", "provisioning_on"))
    update(directory, **{f"{protocol}_provisioning": False})
    off = ("refused_not_provisioned", "provisioning_off")
    assert judged(door.explain(**person)) == (overridden if is_saml else off)
    update(directory, scim_enabled=False)
    assert judged(door.explain(**person)) == off
    update(directory, **{f"{protocol}_provisioning": True})
    assert judged(door.explain(**person)) == ("created", "provisioning_on")


def test_the_first_sign_in_links_and_the_next_ones_follow_the_subject(generic, door, name):
    user = generic.scim.create(name)
    subject = new_subject()
    first = door.sign_in(subject=subject, email=name.upper())
    assert judged(first) == ("existing", "matched_user_name")
    assert (first.user_id, first.active, first.linked) == (user["id"], True, True)
    for person in ({"email": name}, {"email": f"married.{name}"}, {}, {"email": "x@y", "email_verified": False}):
        again = door.sign_in(subject=subject, **person)
        assert judged(again) == ("existing", "linked")
        assert (again.user_id, again.active, again.linked) == (user["id"], True, False)
    assert kinds(generic, user["id"]) == ["user.created", "sign_in.linked"]
    [linked] = [json.loads(event["changes"]) for event in generic.events(user["id"])][1:]
    after = {"issuer": ISSUER, "subject": subject, "protocol": "saml"}
    assert linked == {"link": {"before": None, "after": after}}


def test_a_primary_work_address_links_and_another_address_does_not(generic, door, name):
    scim = generic.scim
    user = scim.create(
        f"u.{name}",
        emails=[
            {"value": f"home.{name}", "type": "home"},
            {"value": f"old.{name}", "type": "work"},
            {"value": name, "type": "work", "primary": True},
        ],
    )
    only = scim.create(f"only.u.{name}", emails=[{"value": f"only.{name}", "type": "work"}])
    scim.create(f"private.u.{name}", emails=[{"value": f"private.{name}", "type": "home", "primary": True}])
    for other in ("home", "old", "private"):
        assert judged(door.sign_in(email=f"{other}.{name}")) == ("refused_not_provisioned", "overridden_by_scim")
    for address, linked in ((name.upper(), user), (f"only.{name}", only)):
        answer = door.sign_in(email=address)
        assert judged(answer) == ("existing", "matched_email")
        assert answer.user_id == linked["id"]


def test_an_account_is_never_taken_over(generic, door, name):
    user = generic.scim.create(name)
    mine = new_subject()
    assert door.sign_in(subject=mine, email=name).user_id == user["id"]
    for thief in ({"subject": new_subject()}, {"subject": mine, "issuer": OTHER_ISSUER}, {"subject": mine.upper()}):
        refused_one = door.sign_in(email=name, **thief)
        assert judged(refused_one) == ("refused_not_provisioned", "already_claimed")
        assert refused_one.user_id == ""
    assert judged(door.sign_in(subject=mine)) == ("existing", "linked")


def test_an_account_that_a_sign_in_created_is_nobody_else_s(generic, door, name):
    update(generic, scim_enabled=False)
    made = door.sign_in(email=name)
    assert judged(made) == ("created", "provisioning_on")
    assert judged(door.sign_in(email=name)) == ("refused_not_provisioned", "already_claimed")


def test_two_matches_are_refused(generic, door, name):
    generic.scim.create(name)
    generic.scim.create(f"other.{name}", emails=work_email(name))
    assert judged(door.sign_in(email=name)) == ("refused_not_provisioned", "several_matches")
    update(generic, scim_enabled=False)
    assert judged(door.sign_in(email=name)) == ("refused_not_provisioned", "several_matches")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_address_that_nobody_vouches_for_leads_nowhere(database_house, name, protocol):
    directory = database_house.new_directory()
    door = Door(directory)
    update(directory, scim_enabled=False)
    user = database_house.admin.call(
        "UserService/CreateUser", directory=directory.name, user={"user_name": name, "active": True}
    ).user
    for address in (name, f"nobody.{name}"):
        unverified = door.sign_in(protocol=protocol, email=address, email_verified=False)
        assert judged(unverified) == ("refused_not_provisioned", "email_not_verified")
    silent = door.explain(protocol=protocol, email=name)
    if protocol == "oidc":
        assert judged(silent) == ("refused_not_provisioned", "email_not_verified")
    else:
        assert judged(silent) == ("existing", "matched_user_name")
    verified = door.sign_in(protocol=protocol, email=name, email_verified=True)
    assert (judged(verified), verified.user_id) == (("existing", "matched_user_name"), user.id)


def test_who_has_no_address_comes_in_only_if_they_are_known(generic, door):
    assert judged(door.sign_in()) == ("refused_not_provisioned", "email_missing")


def test_a_deactivated_user_is_refused_at_once_and_stays_deactivated(generic, door, name):
    scim = generic.scim
    user, unlinked = scim.create(name), scim.create(f"unlinked.{name}", active=False)
    subject = new_subject()
    door.sign_in(subject=subject, email=name)
    scim.change(user, {"op": "replace", "path": "active", "value": False})
    for person, expected in (
        ({"subject": subject, "email": name}, user),
        ({"email": f"unlinked.{name}"}, unlinked),
    ):
        answer = door.sign_in(**person)
        assert judged(answer) == ("refused_deactivated", "deactivated")
        assert (answer.user_id, answer.active, answer.linked) == (expected["id"], False, False)
        assert scim.read(expected)["active"] is False
    assert kinds(generic, unlinked["id"]) == ["user.created"]
    scim.change(user, {"op": "replace", "path": "active", "value": True})
    assert judged(door.sign_in(subject=subject)) == ("existing", "linked")


def test_a_created_account_is_a_user_like_any_other_whom_the_identity_provider_adopts(generic, door, name):
    scim, subject = generic.scim, new_subject()
    update(generic, scim_enabled=False)
    attributes = {"name.givenName": ["Ana"], "NAME.familyName": ["Ruiz"], "displayName": ["Ana Ruiz"], "dept": ["17"]}
    made = door.sign_in(subject=subject, email=name, attributes=attributes)
    assert judged(made) == ("created", "provisioning_on")
    assert (made.active, made.linked) == (True, True)

    update(generic, scim_enabled=True)
    [found] = scim.find(f'userName eq "{name}"')
    assert found["id"] == made.user_id
    assert found["active"] is True
    assert found["name"] == {"givenName": "Ana", "familyName": "Ruiz"}
    assert (found["displayName"], found["emails"]) == ("Ana Ruiz", work_email(name))
    refused(scim.post("/Users", a_user(name)), 409, "uniqueness")
    adopted = scim.replace(found, a_user(f"new.{name}", externalId="00u17", displayName="Ana R."))
    assert adopted["id"] == made.user_id
    assert kinds(generic, made.user_id) == ["user.created", "sign_in.linked", "user.adopted", "user.updated"]
    again = door.sign_in(subject=subject, email=name, attributes=attributes)
    assert (judged(again), again.user_id) == (("existing", "linked"), made.user_id)
    assert scim.read(found) == adopted, "what SCIM manages, a sign-in does not overwrite"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "bulk"])
def test_a_write_that_changes_nothing_adopts_too(generic, door, name, method):
    scim, subject = generic.scim, new_subject()
    update(generic, scim_enabled=False)
    made = door.sign_in(subject=subject, email=name, attributes={"displayName": ["Ana"]})
    update(generic, scim_enabled=True)
    [found] = scim.find(f'userName eq "{name}"')
    path, same = f"/Users/{made.user_id}", {"op": "replace", "path": "displayName", "value": "Ana"}
    for _ in range(2):
        match method:
            case "PUT":
                ok(scim.put(path, found))
            case "PATCH":
                scim.change(found, same)
            case "bulk":
                operation = {"method": "PATCH", "path": path, "data": patch_op(same)}
                ok(scim.post("/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": [operation]}))
    assert scim.read(found) == found, "neither the version nor the time has moved"
    assert kinds(generic, made.user_id) == ["user.created", "sign_in.linked", "user.adopted"]
    again = door.sign_in(subject=subject, email=f"new.{name}", attributes={"displayName": ["Else"]})
    assert (judged(again), again.user_id) == (("existing", "linked"), made.user_id)
    assert scim.read(found) == found, "what SCIM manages, a sign-in does not overwrite"


def test_who_is_read_or_written_to_by_a_service_is_not_adopted(generic, door, name):
    update(generic, scim_enabled=False)
    made = door.sign_in(subject=new_subject(), email=name)
    update(generic, scim_enabled=True)
    generic.scim.find(f'userName eq "{name}"')
    replace = api()["resource"].PatchOperation.KIND_REPLACE
    title = [{"kind": replace, "path": "title", "value": {"string_value": "Boss"}}]
    generic.house.admin.call("UserService/PatchUser", directory=generic.name, id=made.user_id, operations=title)
    assert "user.adopted" not in kinds(generic, made.user_id)


def test_sign_ins_update_the_users_whom_scim_does_not_manage(generic, door, name):
    scim, subject = generic.scim, new_subject()
    update(generic, scim_enabled=False)
    made = door.sign_in(subject=subject, email=name, attributes={"displayName": ["Ana"]})
    update(generic, scim_enabled=True)
    user = {"id": made.user_id}
    attributes = {"displayName": ["Ana Ruiz"], "title": ["Boss"], "locale": [""]}
    changed = door.sign_in(subject=subject, email=f"new.{name}", attributes=attributes)
    assert judged(changed) == ("existing", "linked")
    seen = scim.read(user)
    assert (seen["displayName"], seen["title"]) == ("Ana Ruiz", "Boss")
    assert (seen["userName"], seen["emails"]) == (f"new.{name}", work_email(f"new.{name}"))
    assert "locale" not in seen
    door.sign_in(subject=subject, email=f"new.{name}", attributes={"displayName": ["Ana Ruiz"]})
    door.sign_in(subject=subject, email=f"false.{name}", email_verified=False)
    assert scim.read(user) == seen, "what tells nothing new changes nothing"
    assert kinds(generic, made.user_id) == ["user.created", "sign_in.linked", "user.updated"]


def test_sign_ins_update_the_users_that_scim_made_only_while_it_is_off(generic, door, name):
    scim, subject = generic.scim, new_subject()
    user = scim.create(name, displayName="Ana", emails=work_email(f"ana.{name}"))
    person = {"subject": subject, "attributes": {"displayName": ["Eve"]}}
    assert judged(door.sign_in(email=name, **person)) == ("existing", "matched_user_name")
    assert scim.read(user) == user
    update(generic, scim_enabled=False)
    door.sign_in(email=f"other.{name}", **person)
    update(generic, scim_enabled=True)
    seen = scim.read(user)
    assert (seen["displayName"], seen["emails"]) == ("Eve", work_email(f"other.{name}"))
    assert seen["userName"] == name, "by this the identity provider finds the user again"


def test_a_new_address_that_is_another_s_user_name_does_not_keep_anybody_out(generic, door, name):
    update(generic, scim_enabled=False)
    mine = new_subject()
    made = door.sign_in(subject=mine, email=name)
    door.sign_in(email=f"taken.{name}")
    again = door.sign_in(subject=mine, email=f"taken.{name}")
    assert (judged(again), again.user_id) == (("existing", "linked"), made.user_id)
    user = generic.house.admin.call("UserService/GetUser", directory=generic.name, id=made.user_id).user
    assert (user.user_name, user.emails[0].value) == (name, f"taken.{name}")


def test_an_answer_has_the_groups_and_sign_ins_change_no_membership(generic, door, name):
    scim, subject = generic.scim, new_subject()
    user = scim.create(name)
    group = a_group(scim, f"Staff {name}", user)
    outer = a_group(scim, f"All {name}", group)
    for _ in range(2):
        answer = door.sign_in(subject=subject, email=name, groups=["Admins"])
        seen = {(one.id, one.display_name, one.direct) for one in answer.groups}
        assert seen == {(group["id"], f"Staff {name}", True), (outer["id"], f"All {name}", False)}
    assert {one["value"] for one in scim.read(user)["groups"]} == {group["id"], outer["id"]}
    scim.change(user, {"op": "replace", "path": "active", "value": False})
    assert not door.sign_in(subject=subject).groups


def a_group(scim, label: str, member: dict) -> dict:
    body = {"schemas": [GROUP], "displayName": label, "members": [{"value": member["id"]}]}
    return created(scim.post("/Groups", body))


DELETED = ("refused_deactivated", "deleted")


@pytest.mark.parametrize("by", ["subject", "user_name", "email"])
def test_who_was_deleted_gets_no_second_account_by_a_sign_in(generic, door, name, by):
    scim, subject = generic.scim, new_subject()
    update(generic, scim_enabled=False)
    made = door.sign_in(subject=subject, email=f"x.{name}", protocol="jwt")
    assert judged(made) == ("created", "provisioning_on")
    update(generic, scim_enabled=True)
    scim.replace({"id": made.user_id}, a_user(name, emails=work_email(f"mail.{name}")))
    no_content(scim.delete(f"/Users/{made.user_id}"))
    person = {
        "subject": {"subject": subject},
        "user_name": {"email": name.upper()},
        "email": {"email": f"mail.{name}", "subject": new_subject()},
    }[by]
    flags = ["--directory", generic.name, "--email-domain", "example.com"]
    generic.house.command_json("sso", "rule", "add", "allow", *flags)
    for scim_enabled in (True, False):
        update(generic, scim_enabled=scim_enabled)
        for answer in (door.explain(**person), door.sign_in(**person)):
            assert judged(answer) == DELETED
            assert (answer.user_id, answer.active, answer.linked) == (made.user_id, False, False)
            assert "was deleted" in answer.explanation
    update(generic, scim_enabled=True)
    assert scim.total() == 0


def test_an_address_that_nobody_vouches_for_is_nobody_s_who_was_deleted(generic, door, name):
    user = generic.scim.create(name)
    no_content(generic.scim.delete(f"/Users/{user['id']}"))
    person = {"email": name, "protocol": "oidc"}
    assert judged(door.sign_in(**person)) == ("refused_not_provisioned", "email_not_verified")
    assert judged(door.sign_in(**person, email_verified=True)) == DELETED
    other = Door(generic.house.new_directory())
    assert judged(other.sign_in(**person, email_verified=True)) == ("created", "provisioning_on")


def test_who_was_deleted_comes_in_again_once_they_are_provisioned_again(okta, name):
    scim, door, subject = okta.scim, Door(okta), new_subject()
    user = scim.create(name, externalId="00u1")
    assert judged(door.sign_in(subject=subject, email=name)) == ("existing", "matched_user_name")
    no_content(scim.delete(f"/Users/{user['id']}"))
    assert judged(door.sign_in(subject=subject, email=name)) == DELETED
    created(scim.post("/Users", a_user(name, externalId="00u2")))
    answer = door.sign_in(subject=subject, email=name)
    assert judged(answer) == ("existing", "matched_user_name"), "whoever is there counts before whoever was"
    assert answer.user_id != user["id"]


def test_who_returns_by_scim_signs_in_as_who_they_were(okta, name):
    scim, door, subject = okta.scim, Door(okta), new_subject()
    user = scim.create(name, externalId="00u1")
    door.sign_in(subject=subject, email=name)
    no_content(scim.delete(f"/Users/{user['id']}"))
    created(scim.post("/Users", a_user(name, externalId="00u1")))
    answer = door.sign_in(subject=subject, email=name)
    assert (judged(answer), answer.user_id) == (("existing", "matched_user_name"), user["id"])


def test_where_nobody_is_kept_nobody_is_known(generic, door, name):
    update(generic, retention_days=0)
    user = generic.scim.create(name)
    no_content(generic.scim.delete(f"/Users/{user['id']}"))
    assert judged(door.sign_in(email=name, protocol="jwt")) == ("created", "provisioning_on")


def test_a_link_can_be_deleted_and_the_user_claimed_anew(generic, door, name):
    house, user = generic.house, generic.scim.create(name)
    old, new = {"subject": new_subject(), "email": name}, {"subject": new_subject(), "email": name}
    door.sign_in(**old)
    assert judged(door.sign_in(**new)) == ("refused_not_provisioned", "already_claimed")
    flags = ["--directory", generic.name]
    gone = house.command_json("sso", "unlink", user["id"], *flags)
    assert gone == {"user_id": user["id"], "issuer": ISSUER, "subject": old["subject"]}
    again = house.command("sso", "unlink", user["id"], *flags)
    assert again.returncode == 1
    assert user["id"] in again.stderr
    other = house.new_directory()
    for directory, id in ((generic.name, "nobody"), (generic.name, UNKNOWN_ID), (other.name, user["id"])):
        with refuses("NOT_FOUND"):
            house.admin.call("SsoService/DeleteSignInLink", directory=directory, user_id=id)
    assert judged(door.sign_in(**new)) == ("existing", "matched_user_name")
    assert judged(door.sign_in(**old)) == ("refused_not_provisioned", "already_claimed")
    assert kinds(generic, user["id"]) == ["user.created", "sign_in.linked", "sign_in.unlinked", "sign_in.linked"]
    records = house.command_json("audit", "list", *flags)["records"]
    assert [record["subject"] for record in records if record["kind"] == "sign_in.unlinked"] == [user["id"]]


def test_the_notice_of_an_account_is_written_with_it_and_with_no_other_sign_in(generic, door, name):
    house, subject = generic.house, new_subject()

    def mails() -> list[str]:
        statement = "SELECT subject FROM mails WHERE directory_id = ?"
        return [row["subject"] for row in house.database.rows(statement, house.database_id(generic.id))]

    update(generic, scim_enabled=False, admin_emails={"addresses": [f"it.{name}"]})
    door.sign_in(email=f"quiet.{name}")
    assert mails() == []
    update(generic, notify_admins_on_first_sso_sign_in=True)
    person = {"subject": subject, "email": name, "attributes": {"displayName": ["Ana Ruiz"]}}
    door.explain(**person)
    assert mails() == []
    door.sign_in(**person)
    [told] = mails()
    assert "Ana Ruiz" in told
    door.sign_in(**person)
    update(generic, scim_enabled=True)
    generic.scim.create(f"scim.{name}")
    door.sign_in(email=f"scim.{name}")
    assert len(mails()) == 1


def test_explaining_writes_nothing(generic, door, name):
    user = generic.scim.create(name)
    update(generic, scim_enabled=False)
    before = generic.events()
    match, new = {"subject": new_subject(), "email": name}, {"subject": new_subject(), "email": f"new.{name}"}
    for _ in range(2):
        explained = door.explain(**match)
        assert judged(explained) == ("existing", "matched_user_name")
        assert (explained.user_id, explained.active, explained.linked) == (user["id"], True, True)
        explained = door.explain(**new)
        assert judged(explained) == ("created", "provisioning_on")
        assert (explained.user_id, explained.active, explained.linked) == ("", True, True)
        assert explained.explanation
    assert generic.events() == before
    links = generic.house.database.rows(
        "SELECT * FROM sign_in_links WHERE directory_id = ?", generic.house.database_id(generic.id)
    )
    assert links == []


def test_a_sign_in_of_somebody_known_writes_nothing(generic, door, name):
    subject = new_subject()
    made = door.sign_in(subject=subject, email=name, protocol="jwt", attributes={"title": ["Boss"]})
    before = generic.events()
    for _ in range(3):
        again = door.sign_in(subject=subject, email=name, attributes={"title": ["Boss"]})
        assert again.user_id == made.user_id
    assert generic.events() == before


def at_once(work, count: int) -> list:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_two_first_sign_ins_at_once_create_one_account(house, name):
    directory = house.new_directory()
    update(directory, scim_enabled=False)
    doors = [Door(directory) for _ in range(8)]
    for turn in range(4):
        subject, email = new_subject(), f"{turn}.{name}"
        answers = at_once(lambda n, s=subject, e=email: doors[n].sign_in(subject=s, email=e), len(doors))
        assert len({answer.user_id for answer in answers}) == 1
        assert sorted(judged(answer)[0] for answer in answers) == ["created"] + ["existing"] * 7
        assert kinds(directory, answers[0].user_id) == ["user.created", "sign_in.linked"]


def test_of_two_subjects_who_claim_one_account_at_once_one_gets_it(house, name):
    directory = house.new_directory()
    doors = [Door(directory) for _ in range(6)]
    user = directory.scim.create(name)
    answers = at_once(lambda number: doors[number].sign_in(email=name), len(doors))
    assert sorted({judged(answer) for answer in answers}) == [
        ("existing", "matched_user_name"),
        ("refused_not_provisioned", "already_claimed"),
    ]
    assert [answer.user_id for answer in answers if answer.user_id] == [user["id"]]
    assert kinds(directory, user["id"]) == ["user.created", "sign_in.linked"]


def test_two_replicas_create_one_account(builder, name):
    first = builder.start("serve-postgres")
    second = builder.new("serve-postgres", database=first.database, admin_key=first.admin_key).start()
    directory = first.new_directory()
    update(directory, scim_enabled=False)
    here = Door(directory)
    doors = [Door(directory) for _ in range(8)]
    for number, door in enumerate(doors):
        if number % 2:
            door.rpc = second.rpc(here.rpc.metadata[0][1].removeprefix("Bearer "))
    for turn in range(5):
        subject, email = new_subject(), f"{turn}.{name}"
        answers = at_once(lambda n, s=subject, e=email: doors[n].sign_in(subject=s, email=e), len(doors))
        assert len({answer.user_id for answer in answers}) == 1
        assert sorted(judged(answer)[0] for answer in answers) == ["created"] + ["existing"] * 7
        assert kinds(directory, answers[0].user_id) == ["user.created", "sign_in.linked"]
    second.stop()
    first.stop()


def test_no_sign_in_reaches_another_directory(house, name):
    mine, theirs = house.new_directory(), house.new_directory()
    user = theirs.scim.create(name)
    subject = new_subject()
    assert Door(theirs).sign_in(subject=subject, email=name).user_id == user["id"]
    door = Door(mine)
    assert judged(door.sign_in(subject=subject, email=name)) == ("refused_not_provisioned", "overridden_by_scim")
    told = []
    for other in (theirs.name, "never-existed"):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            door.sign_in(directory=other, email=name)
        told.append(caught.value.details().replace(other, "…"))
    assert told[0] == told[1]
    with refuses("INVALID_VALUE", naming="directory"):
        house.admin.call("SsoService/SignIn", **door.message(email=name))


@pytest.mark.parametrize(
    ("person", "naming"),
    [
        ({"issuer": ""}, "issuer"),
        ({"subject": " "}, "subject"),
        ({"subject": "a\0b"}, "subject"),
        ({"subject": "a" * 801}, "subject"),
        ({"email": "ana"}, "email"),
        ({"email": "ana@"}, "email"),
        ({"email": "a@b\0c.example"}, "email"),
        ({"email": "ana@exa mple.com"}, "email"),
        ({"groups": [""]}, "groups"),
        ({"groups": ["a\0"]}, "groups"),
        ({"attributes": {"": ["x"]}}, "attributes"),
        ({"attributes": {"title": ["x" * 1001]}}, "attributes.title"),
    ],
)
def test_what_is_malformed_is_refused_and_named(database_house, person, naming):
    door = Door(database_house.new_directory())
    for call in (door.sign_in, door.explain):
        with refuses("INVALID_VALUE", naming=naming):
            call(**person)


def test_a_protocol_that_is_none_is_refused(database_house):
    door = Door(database_house.new_directory())
    for number in (0, 17):
        with refuses("INVALID_VALUE", naming="protocol"):
            door.rpc.call("SsoService/SignIn", **{**door.message(), "protocol": number})
    with refuses("TOO_MANY", naming="groups"):
        door.sign_in(groups=["g"] * 2001)


def test_the_commands_say_what_the_service_says(generic, name):
    house = generic.house
    user = generic.scim.create(name)
    person = ["--directory", generic.name, "--issuer", ISSUER, "--subject", new_subject(), "--email", name]
    explained = house.command_json("sso", "explain", "--protocol", "saml", *person)
    signed_in = house.command_json("sso", "sign-in", "--protocol", "saml", *person)
    assert explained == signed_in
    assert signed_in == {
        "decision": "existing",
        "rule": "matched_user_name",
        "explanation": signed_in["explanation"],
        "provisioning_rule_id": None,
        "user_id": user["id"],
        "active": True,
        "groups": [],
        "linked": True,
    }
    again = house.command_json("sso", "sign-in", "--protocol", "saml", *person)
    assert (again["decision"], again["rule"], again["linked"]) == ("existing", "linked", False)
    generic.scim.change(user, {"op": "replace", "path": "active", "value": False})
    gone = house.command_json("sso", "sign-in", "--protocol", "saml", *person)
    assert (gone["decision"], gone["user_id"], gone["active"]) == ("refused_deactivated", user["id"], False)

    new = ["--directory", generic.name, "--issuer", ISSUER, "--subject", new_subject(), "--email", f"new.{name}"]
    nobody = house.command_json("sso", "sign-in", "--protocol", "saml", *new)
    assert (nobody["decision"], nobody["rule"], nobody["user_id"]) == (
        "refused_not_provisioned",
        "overridden_by_scim",
        None,
    )
    unverified = house.command_json("sso", "explain", "--protocol", "oidc", *new, "--unverified-email")
    assert unverified["rule"] == "email_not_verified"
    made = house.command_json("sso", "sign-in", "--protocol", "oidc", *new, "--attribute", "displayName=Ana Ruiz")
    assert made["decision"] == "created"
    assert house.command_json("user", "show", made["user_id"], "--directory", generic.name)["displayName"] == "Ana Ruiz"

    shown = house.command("sso", "explain", "--protocol", "saml", *person)
    assert shown.returncode == 0, "a refusal is an answer"
    assert re.search(r"^refused_deactivated +deactivated +no ", shown.stdout, re.MULTILINE)
    assert "Because" in shown.stderr


@pytest.mark.parametrize(
    ("flags", "naming"),
    [
        (["--protocol", "kerberos"], "saml"),
        (["--attribute", "x"], "NAME=VALUE"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_explained(database_house, flags, naming):
    person = ["--directory", "default", "--issuer", ISSUER, "--subject", "1"]
    protocol = [] if "--protocol" in flags else ["--protocol", "saml"]
    done = database_house.command("sso", "explain", *person, *protocol, *flags)
    assert done.returncode == 2
    assert naming in done.stderr


def test_who_switches_scim_is_told_before_and_the_choices_are_shown(generic):
    house, flags = generic.house, ["directory", "update", generic.name]
    quiet = house.command(*flags, "--scim", "on")
    assert quiet.returncode == 0
    assert quiet.stderr == "", "nothing changes"
    done = house.command(*flags, "--scim", "off", "--saml-provisioning", "off", "--json")
    assert done.returncode == 0
    assert "create no accounts" in done.stderr
    shown = json.loads(done.stdout)["provisioning"]
    assert shown["saml"] == {"stored": False, "effective": False, "overridden_by": None, "status": "off"}
    assert shown["ldap"] == {"stored": True, "effective": True, "overridden_by": None, "status": "on"}
    back = house.command_json(*flags, "--scim", "on", "--jwt-provisioning", "off", "--yes")["provisioning"]
    assert back["saml"]["stored"] is False
    assert back["saml"]["overridden_by"] == "scim"
    assert back["jwt"]["status"] == "off"
    made = house.command_json(
        "directory", "create", f"{generic.name}-2", "--profile", "okta", "--oidc-provisioning", "off", "--scim", "off"
    )
    assert made["provisioning"]["oidc"]["effective"] is False
    assert made["provisioning"]["saml"]["effective"] is True
    shown = house.command_json("directory", "show", f"{generic.name}-2")
    assert {fact: shown[fact] for fact in made} == made
    assert "saml: on, oidc: off" in house.command("directory", "show", f"{generic.name}-2").stdout
    updated = [json.loads(event["changes"]) for event in generic.events() if event["kind"] == "directory.updated"]
    choices = {"saml": True, "oidc": True, "jwt": True, "ldap": True}
    assert updated[0]["provisioning"] == {"before": choices, "after": {**choices, "saml": False}}


def test_read_again_over_scim(okta, name):
    """What a sign-in creates has what Okta's import of users looks for."""
    door = Door(okta)
    made = door.sign_in(protocol="oidc", email=name, email_verified=True)
    page = ok(okta.scim.get("/Users", filter=f'userName eq "{name}"'))
    assert [user["id"] for user in page["Resources"]] == [made.user_id]
