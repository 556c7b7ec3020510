"""Rules on which first sign-ins may create an account: over gRPC and by command."""

import json

import pytest

from harness.rpc import api, refuses
from harness.scim import UNKNOWN_ID
from harness.sso import Door, judged, new_subject

SERVICE = "ProvisioningRuleService/"


@pytest.fixture
def door(database_house) -> Door:
    """Where people sign in to a new directory, whose SCIM is on."""
    return Door(database_house.new_directory())


def add(directory, effect: str, *, position: int = 0, **conditions) -> str:
    """Adds a rule, and returns its id."""
    number = api()["provisioning_rule"].ProvisioningEffect.Value(f"PROVISIONING_EFFECT_{effect.upper()}")
    conditions["protocols"] = [
        api()["sso"].Protocol.Value(f"PROTOCOL_{name.upper()}") for name in conditions.get("protocols", ())
    ]
    rule = {"effect": number, **conditions}
    made = directory.house.admin.call(
        SERVICE + "CreateProvisioningRule", directory=directory.name, rule=rule, position=position
    )
    return made.rule.id


def listed(directory) -> list[str]:
    """The ids of the rules in order; they are numbered from 1 on."""
    rules = directory.house.admin.call(SERVICE + "ListProvisioningRules", directory=directory.name).rules
    assert [rule.position for rule in rules] == list(range(1, len(rules) + 1))
    return [rule.id for rule in rules]


def attribute(name: str, value: str) -> dict:
    return {"name": name, "value": value}


def test_a_partner_s_domain_may_come_in_while_scim_is_on(door, name):
    directory = door.directory
    rule = add(directory, "allow", protocols=["saml"], email_domains=["Partner.Example"])
    person = {"subject": new_subject(), "email": "Ana@PARTNER.example"}
    explained = door.explain(**person)
    assert judged(explained) == ("created", "provisioning_rule")
    assert explained.provisioning_rule_id == rule
    assert "position 1" in explained.explanation
    made = door.sign_in(**person)
    assert (judged(made), made.provisioning_rule_id) == (("created", "provisioning_rule"), rule)
    assert judged(door.sign_in(**person)) == ("existing", "linked")
    for other in ("ana@sub.partner.example", "ana@notpartner.example", name):
        assert judged(door.sign_in(email=other)) == ("refused_not_provisioned", "overridden_by_scim")


def test_rules_keep_people_out_of_what_a_protocol_lets_in(door, name):
    directory = door.directory
    rule = add(directory, "refuse", groups=["Contractors"])
    person = {"protocol": "jwt", "email": name}
    refused_one = door.sign_in(**person, groups=["staff", "CONTRACTORS"])
    assert judged(refused_one) == ("refused_not_provisioned", "provisioning_rule")
    assert refused_one.provisioning_rule_id == rule
    assert judged(door.explain(**person, groups=["staff"])) == ("created", "provisioning_on")


def test_rules_say_nothing_of_people_who_have_an_account(door, name):
    directory = door.directory
    user = directory.scim.create(name)
    add(directory, "refuse", email_domains=[name.split("@")[1]])
    assert door.sign_in(email=name).user_id == user["id"]


def test_the_first_rule_that_matches_decides_and_the_order_can_be_changed(door, name):
    directory = door.directory
    domain = [name.split("@")[1]]
    refuse = add(directory, "refuse", email_domains=domain, groups=["Interns"])
    allow = add(directory, "allow", email_domains=domain)
    intern, other = {"email": name, "groups": ["Interns"]}, {"email": name}
    assert judged(door.explain(**intern)) == ("refused_not_provisioned", "provisioning_rule")
    assert judged(door.explain(**other)) == ("created", "provisioning_rule")
    vip = add(directory, "allow", attributes=[attribute("vip", "yes")], position=1)
    assert listed(directory) == [vip, refuse, allow]
    assert door.explain(**intern, attributes={"vip": ["no", "yes"]}).provisioning_rule_id == vip
    moved = directory.house.admin.call(
        SERVICE + "MoveProvisioningRule", directory=directory.name, id=vip, position=3
    ).rule
    assert (moved.id, moved.position) == (vip, 3)
    assert listed(directory) == [refuse, allow, vip]
    assert door.explain(**intern, attributes={"vip": ["yes"]}).provisioning_rule_id == refuse
    directory.house.admin.call(SERVICE + "DeleteProvisioningRule", directory=directory.name, id=refuse)
    assert listed(directory) == [allow, vip]
    assert door.explain(**intern).provisioning_rule_id == allow


@pytest.mark.parametrize(
    ("conditions", "matching", "others"),
    [
        ({"protocols": ["saml", "ldap"]}, {"protocol": "ldap"}, [{"protocol": "jwt"}]),
        ({"groups": ["A", "B"]}, {"groups": ["x", "b"]}, [{}, {"groups": ["x"]}]),
        (
            {"attributes": [attribute("dept", "Sales"), attribute("grade", "7")]},
            {"attributes": {"dept": ["Support", "Sales"], "grade": ["7"]}},
            [{"attributes": {"dept": ["Sales"]}}, {"attributes": {"dept": ["sales"], "grade": ["7"]}}],
        ),
        (
            {"protocols": ["saml"], "email_domains": ["p.example"], "groups": ["A"]},
            {"groups": ["A"], "email": "x@p.example"},
            [{"groups": ["A"]}, {"email": "x@p.example"}, {"groups": ["A"], "email": "x@p.example", "protocol": "jwt"}],
        ),
    ],
)
def test_a_rule_matches_who_fulfils_each_kind_of_condition(door, name, conditions, matching, others):
    rule = add(door.directory, "refuse", **conditions)
    assert door.explain(**{"email": name, **matching}).provisioning_rule_id == rule
    for other in others:
        assert door.explain(**{"email": name, **other}).provisioning_rule_id == ""


@pytest.mark.parametrize(
    ("rule", "naming"),
    [
        ({}, "nothing of whom"),
        ({"email_domains": [""]}, "empty"),
        ({"email_domains": ["partner.example", "exa mple.com"]}, "exa mple.com"),
        ({"email_domains": ["ana@partner.example"]}, "partner.example"),
        ({"email_domains": ["partner..example"]}, "dot"),
        ({"email_domains": ["10.0.0.1"]}, "number"),
        ({"groups": [""]}, "groups"),
        ({"attributes": [{"value": "x"}]}, "attributes.name"),
        ({"attributes": [{"name": "x"}]}, "attributes.value"),
    ],
)
def test_a_rule_that_can_never_match_is_refused_with_the_reason(door, rule, naming):
    with refuses("INVALID_VALUE", naming=naming):
        add(door.directory, "allow", **rule)
    assert listed(door.directory) == []


def test_a_protocol_or_an_effect_that_is_none_is_refused(door):
    def create(**rule):
        door.directory.house.admin.call(
            SERVICE + "CreateProvisioningRule", directory=door.directory.name, rule=rule, position=0
        )

    for number in (0, 17):
        with refuses("INVALID_VALUE", naming=f"nobody signs in by {number}"):
            create(effect=1, protocols=[number])
        with refuses("INVALID_VALUE", naming="effect"):
            create(effect=number, protocols=[1])
    with refuses("INVALID_VALUE", naming="rule"):
        door.directory.house.admin.call(SERVICE + "CreateProvisioningRule", directory=door.directory.name)


def test_a_rule_behind_those_that_take_all_of_its_sign_ins_is_refused(door):
    directory = door.directory
    saml = add(directory, "refuse", protocols=["saml"], email_domains=["a.example", "b.example"])
    with refuses("INVALID_VALUE", naming="the rule at position 1 before it"):
        add(directory, "allow", protocols=["saml"], email_domains=["A.example"], groups=["x"])
    others = add(directory, "allow", protocols=["oidc", "jwt", "ldap"], email_domains=["a.example"])
    with refuses("INVALID_VALUE", naming="positions 1, 2"):
        add(directory, "allow", email_domains=["a.example"])
    with refuses("INVALID_VALUE", naming=saml):
        add(directory, "allow", protocols=["saml"], position=1)
    wide = add(directory, "allow", email_domains=["a.example", "c.example"])
    with refuses("INVALID_VALUE", naming=others):
        directory.house.admin.call(SERVICE + "MoveProvisioningRule", directory=directory.name, id=wide, position=1)
    assert listed(directory) == [saml, others, wide]


def test_what_is_not_there_is_not_found_and_positions_are_those_that_there_are(door):
    house, directory = door.directory.house, door.directory
    rule = add(directory, "allow", protocols=["saml"])
    other = house.new_directory()
    for name, id in ((directory.name, UNKNOWN_ID), (directory.name, "x"), (other.name, rule), ("nowhere", rule)):
        with refuses("NOT_FOUND"):
            house.admin.call(SERVICE + "DeleteProvisioningRule", directory=name, id=id)
        with refuses("NOT_FOUND"):
            house.admin.call(SERVICE + "MoveProvisioningRule", directory=name, id=id, position=1)
    for position in (-1, 0, 2):
        with refuses("INVALID_VALUE", naming="position"):
            house.admin.call(SERVICE + "MoveProvisioningRule", directory=directory.name, id=rule, position=position)
    for position in (-1, 3):
        with refuses("INVALID_VALUE", naming="position"):
            add(directory, "allow", protocols=["jwt"], position=position)
    assert listed(directory) == [rule]
    assert listed(other) == []


def test_a_hundred_rules_are_the_limit(door):
    for number in range(100):
        add(door.directory, "allow", groups=[f"group {number}"])
    with refuses("TOO_MANY", naming="100"):
        add(door.directory, "allow", groups=["one more"])
    assert door.explain(email="a@b.example", groups=["group 99"]).provisioning_rule_id == listed(door.directory)[99]


def test_every_change_of_the_rules_is_an_event(door):
    directory = door.directory
    first = add(directory, "allow", protocols=["saml"], description="a first one")
    second = add(directory, "refuse", groups=["B"], position=1)
    house = directory.house
    house.admin.call(SERVICE + "MoveProvisioningRule", directory=directory.name, id=first, position=1)
    house.admin.call(SERVICE + "MoveProvisioningRule", directory=directory.name, id=first, position=1)
    house.admin.call(SERVICE + "DeleteProvisioningRule", directory=directory.name, id=second)
    events = [event for event in directory.events() if event["kind"].startswith("provisioning_rule.")]
    kinds = [event["kind"].removeprefix("provisioning_rule.") for event in events]
    assert kinds == ["created", "created", "moved", "deleted"]
    told = [json.loads(event["changes"]) for event in events]
    assert told[0]["rule"]["after"]["description"] == "a first one"
    assert told[1]["rule"]["after"]["groups"] == ["b"]
    assert told[2] == {"position": {"before": 2, "after": 1}}
    assert told[3]["rule"]["before"]["effect"] == "refuse"


def test_the_commands_do_what_the_service_does(house):
    directory = house.new_directory()
    flags = ["--directory", directory.name]
    door = Door(directory)
    made = house.command_json(
        *[
            "sso",
            "rule",
            "add",
            "allow",
            *flags,
            "--protocol",
            "saml,oidc",
            "--email-domain",
            "partner.example,p.example",
        ],
        *["--group", "Staff", "--attribute", "dept=Sales", "--description", "the partner"],
    )
    assert made == {
        "id": made["id"],
        "position": 1,
        "effect": "allow",
        "protocols": ["saml", "oidc"],
        "email_domains": ["p.example", "partner.example"],
        "groups": ["staff"],
        "attributes": [{"name": "dept", "value": "Sales"}],
        "description": "the partner",
        "created": made["created"],
    }
    refuse = house.command_json("sso", "rule", "add", "refuse", *flags, "--group", "Interns", "--position", "1")
    assert [rule["id"] for rule in house.command_json("sso", "rule", "list", *flags)["rules"]] == [
        refuse["id"],
        made["id"],
    ]
    assert house.command_json("sso", "rule", "move", refuse["id"], "2", *flags)["position"] == 2
    table = house.command("sso", "rule", "list", *flags).stdout.splitlines()
    assert [line.split()[:2] for line in table] == [["POSITION", "EFFECT"], ["1", "allow"], ["2", "refuse"]]
    person = {"email": "ana@partner.example", "groups": ["Staff"], "attributes": {"dept": ["Sales"]}}
    assert door.explain(**person).provisioning_rule_id == made["id"]
    never = house.command("sso", "rule", "add", "allow", *flags, "--group", "interns", "--protocol", "jwt")
    assert never.returncode == 1
    assert "position 2" in never.stderr
    assert house.command("sso", "rule", "add", "allow", *flags).returncode == 1
    assert house.command("sso", "rule", "add", "maybe", *flags, "--group", "x").returncode == 2
    assert house.command("sso", "rule", "add", "allow", *flags, "--protocol", "kerberos").returncode == 2
    assert house.command("sso", "rule", "delete", made["id"], *flags).returncode == 0
    assert house.command("sso", "rule", "delete", made["id"], *flags).returncode == 1
    assert [rule["id"] for rule in house.command_json("sso", "rule", "list", *flags)["rules"]] == [refuse["id"]]
