"""An installation with enough in it to be looked at."""

import time

from harness.house import Directory, House
from harness.scim import ENTERPRISE, GROUP

PEOPLE = [
    ("Ada Lovelace", "Engineering", True),
    ("Grace Hopper", "Engineering", True),
    ("Katherine Johnson", "Research", True),
    ("Hedy Lamarr", "Research", False),
    ("Annie Easley", "Engineering", True),
    ("Mary Jackson", "Research", True),
    ("Margaret Hamilton", "Engineering", True),
    ("Radia Perlman", "Networks", True),
    ("Barbara Liskov", "Engineering", False),
    ("Evelyn Boyd Granville", "Research", True),
]


def furnish(house: House, name: str = "acme") -> Directory:
    """A directory for Okta with people and groups."""
    directory = house.new_directory("okta", name=name)
    if name == "acme":
        house.new_directory("entra", name="globex")
    scim = directory.scim
    members = []
    for person, department, active in PEOPLE:
        given, family = person.rsplit(" ", 1)
        address = f"{given.split()[0].lower()}.{family.lower()}@acme.example"
        user = scim.create(
            address,
            displayName=person,
            active=active,
            title="Engineer",
            externalId=f"00u{len(members):04}",
            name={"givenName": given, "familyName": family, "formatted": person},
            emails=[{"value": address, "type": "work", "primary": True}],
            **{ENTERPRISE: {"department": department, "employeeNumber": str(1000 + len(members))}},
        )
        members.append(user)
    for department in ("Engineering", "Research", "Networks"):
        inside = [user for user in members if user[ENTERPRISE]["department"] == department]
        scim.post(
            "/Groups",
            {"schemas": [GROUP], "displayName": department, "members": [{"value": user["id"]} for user in inside]},
        )
    for person in ("Rear Admiral", "Temp Worker"):
        left = scim.create(f"{person.split()[0].lower()}@acme.example", displayName=person)
        scim.delete(f"/Users/{left['id']}")
    # An error, as Entra would make one with a directory that is for Okta.
    replace = {"op": "Replace", "path": 'emails[type eq "home"].display[x]', "value": "True"}
    scim.patch(f"/Users/{members[0]['id']}", replace)
    rules = house.admin
    partner = {"effect": 1, "email_domains": ["partner.example"], "description": "Our partner's people"}
    rules.call("ProvisioningRuleService/CreateProvisioningRule", directory=name, rule=partner)
    contractors = {"effect": 2, "groups": ["Contractors"], "protocols": [1, 2]}
    rules.call("ProvisioningRuleService/CreateProvisioningRule", directory=name, rule=contractors)
    house.new_service_key("DIRECTORY_READ", "EVENTS_READ", directory=name)
    house.new_service_key("SSO_SIGN_IN")
    client = house.admin.call("OAuthService/CreateClient", directory=name, name="Entra").client
    house.admin.call("OAuthService/AddSecret", directory=name, client_id=client.id)
    return directory


def hold_changes(house: House) -> tuple[str, str]:
    """A directory, and a hold that waits in it: its identity provider wanted more people to leave than may."""
    directory = house.new_directory("okta", name="initech")
    users = [directory.scim.create(f"{person.split()[0].lower()}@initech.example") for person, *_ in PEOPLE[:5]]
    for user in users:
        # Only users count who were there before the window began.
        before = 7200 * 1_000_000
        id = house.database_id(user["id"])
        house.database.execute("UPDATE resources SET created = created - ? WHERE id = ?", before, id)
    rail = {"enabled": True, "users": 1, "percent": 0, "window": {"seconds": 3600}}
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, guard_rail=rail)
    for user in users:
        directory.scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    (hold,) = house.admin.call("HoldService/ListHolds", directory=directory.name).holds
    return f"/admin/d/{directory.name}", f"/admin/d/{directory.name}/holds/{hold.id}"


def wait_for_failure(house: House, directory: Directory) -> str:
    """The id of a request that failed: the log is written a moment after the answer."""
    for _ in range(100):
        listed = house.admin.call(
            "ActivityService/ListActivity", directory=directory.name, filter={"failures_only": True}
        )
        if listed.activities:
            return listed.activities[0].id
        time.sleep(0.1)
    raise AssertionError("no failed request was recorded")


def pages(house: House, directory: Directory) -> dict[str, str]:
    """Every page of the console, by name."""
    base = f"/admin/d/{directory.name}"
    user = directory.scim.find('userName sw "ada"')[0]["id"]
    group = directory.scim.get("/Groups").json()["Resources"][0]["id"]
    listed = house.admin.call("UserService/ListDeletedUsers", directory=directory.name)
    gone = listed.users[0].user.id
    failed = wait_for_failure(house, directory)
    overview_held, held = hold_changes(house)
    return {
        "overview-held": overview_held,
        "hold": held,
        "hold-approve": f"{held}?dialog=approve",
        "overview": base,
        "directories": "/admin/directories",
        "new-directory": "/admin/directories?dialog=create",
        "provisioning": f"{base}/provisioning",
        "provisioning-off": f"{base}/provisioning?dialog=scim",
        "regenerate": f"{base}/provisioning?dialog=regenerate",
        "first-token": "/admin/d/globex/provisioning",
        "users": f"{base}/users",
        "users-nothing": f"{base}/users?q=nobody",
        "users-bad-filter": f"{base}/users?q=title%20eq",
        "users-none": "/admin/d/globex/users",
        "users-nothing-begins-so": f"{base}/users?q=opper",
        "users-deleted": f"{base}/users/deleted",
        "users-deleted-nobody": "/admin/d/globex/users/deleted",
        "restore": f"{base}/users/deleted?restore={gone}",
        "user": f"{base}/users/{user}",
        "deactivate": f"{base}/users/{user}?dialog=deactivate",
        "groups": f"{base}/groups",
        "group": f"{base}/groups/{group}",
        "groups-off": "/admin/d/globex/groups",
        "activity": f"{base}/activity",
        "activity-errors": f"{base}/activity?status=failed",
        "activity-between": f"{base}/activity?about=ada&from=2026-01-01T00:00",
        "activity-nothing": f"{base}/activity?method=DELETE",
        "activity-bad-filter": f"{base}/activity?until=soon",
        "activity-none": "/admin/d/globex/activity",
        "clients": f"{base}/clients",
        "new-client": f"{base}/clients?dialog=create",
        "clients-none": "/admin/d/globex/clients",
        "setup-entra": f"{base}/provisioning?setup=entra",
        "request": f"{base}/activity/{failed}",
        "sign-in-rules": f"{base}/sign-in-rules",
        "new-rule": f"{base}/sign-in-rules?dialog=add",
        "keys": "/admin/keys",
        "new-key": "/admin/keys?dialog=create",
        "audit": "/admin/audit",
        "sessions": "/admin/session",
        "sign-out-everywhere": "/admin/session?dialog=all",
        "settings": f"{base}/settings",
        "not-there": "/admin/nothing",
    }
