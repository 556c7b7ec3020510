"""An installation to look at: people with lives behind them, an error, a hold, sign-ins and keys."""

import argparse
import itertools
import signal
from pathlib import Path

from console.people import furnish, hold_changes
from harness.database import Database
from harness.house import Directory, House
from harness.scim import ENTERPRISE, GROUP, a_user, created, ok
from harness.sso import Door

GIVEN = (  # noqa: SIM905
    "Aarav Amara Anders Beatriz Chidi Chloé Daniel Elif Emre Fatima Giulia Hana Ibrahim Ines Jakub Jürgen Kenji "
    "Laila Liam Lin Magdalena Mateo Mei Miguel Nadia Noor Olga Omar Priya Raúl Sakura Sofia Søren Tariq Thuy Wei "
    "Yara Zoë"
).split()
FAMILY = (  # noqa: SIM905
    "Almeida Andersen Banerjee Brown Costa Díaz Dubois Eze Fischer García Haddad Hansen Ivanova Johansson Kaya Kim "
    "Kowalska Lefèvre Mbeki Moreau Müller Nakamura Nguyen Novák Okafor Patel Petrov Rossi Santos Schäfer Silva Singh "
    "Tanaka Tran Wang Weber Yılmaz Zhang"
).split()
# Each with its titles, the one at the head first.
DEPARTMENTS = {
    "Engineering": ["VP Engineering", "Staff Engineer", "Software Engineer", "Site Reliability Engineer"],
    "Sales": ["Head of Sales", "Account Executive", "Sales Engineer"],
    "Finance": ["Chief Financial Officer", "Accountant", "Controller"],
    "People": ["Head of People", "Recruiter", "People Partner"],
    "Customer Support": ["Head of Support", "Support Engineer", "Support Specialist"],
    "Legal": ["General Counsel", "Counsel"],
}
CITIES = [("Lisbon", "PT"), ("Berlin", "DE"), ("Lagos", "NG"), ("Osaka", "JP"), ("Toronto", "CA")]


def employ(directory: Directory, count: int) -> dict[str, list[dict]]:
    """Provisions so many people, as their identity provider does, and returns them by department."""
    names = itertools.islice(zip(itertools.cycle(GIVEN), itertools.cycle(FAMILY[5:] + FAMILY[:4])), count)
    staff: dict[str, list[dict]] = {department: [] for department in DEPARTMENTS}
    for number, (given, family) in enumerate(names):
        department = list(DEPARTMENTS)[number * number % len(DEPARTMENTS)]
        titles, colleagues = DEPARTMENTS[department], staff[department]
        title = titles[1 + len(colleagues) % (len(titles) - 1)] if colleagues else titles[0]
        city, country = CITIES[number % len(CITIES)]
        address = f"{given}.{family}{number}@acme.example".lower()
        enterprise = {"department": department, "employeeNumber": str(2000 + number)}
        if colleagues:
            enterprise["manager"] = {"value": colleagues[0]["id"]}
        user = directory.scim.create(
            address,
            externalId=f"00u{number + 100:04}",
            name={"givenName": given, "familyName": family, "formatted": f"{given} {family}"},
            displayName=f"{given} {family}",
            title=title,
            active=number % 11 != 5,
            emails=[{"value": address, "type": "work", "primary": True}],
            addresses=[{"type": "work", "locality": city, "country": country}],
            **{ENTERPRISE: enterprise},
        )
        colleagues.append(user)
    return staff


def group(directory: Directory, name: str, members: list[str]) -> str:
    """Provisions a group, and returns its id."""
    members = [{"value": member} for member in members]
    return created(directory.scim.post("/Groups", {"schemas": [GROUP], "displayName": name, "members": members}))["id"]


def live(directory: Directory, staff: dict[str, list[dict]]) -> None:
    """What happens in a company: people move up and leave, sign in, and somebody makes a mistake."""
    scim = directory.scim
    departments = [
        group(directory, f"{department} team", [user["id"] for user in users])
        for department, users in staff.items()
        if users
    ]
    group(directory, "All of Acme", departments)
    everybody = [user for users in staff.values() for user in users]
    for user in everybody[::9]:
        title = f"Senior {user['title']}"
        ok(scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": title}))
    for user in everybody[7::40]:
        scim.delete(f"/Users/{user['id']}")
    # Two mistakes of an identity provider's mapping, which the activity log explains.
    nameless = {name: value for name, value in a_user("").items() if name != "userName"}
    scim.post("/Users", {**nameless, "displayName": "No Name"})
    scim.post("/Users", a_user(everybody[0]["userName"]))
    door = Door(directory)
    for user in everybody[:6]:
        address = user["userName"]
        door.sign_in(subject=address, email=address)
    directory.house.admin.call(
        "UserService/SetAdministrator", directory=directory.name, id=everybody[0]["id"], administrator=True
    )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("work", type=Path)
    arguments.add_argument("--people", type=int, default=150)
    arguments.add_argument("--once", action="store_true")
    options = arguments.parse_args()
    house = House("serve-sqlite", options.work, Database(f"sqlite://{options.work / 'rollcall.db'}")).start()
    try:
        acme = furnish(house)
        live(acme, employ(acme, options.people))
        hold_changes(house)
        print(
            f"\nConsole    {house.url}/admin\nAdmin key  {house.admin_key}\nSCIM       {house.base_url}\n"
            f"Token      {acme.token}   (of the directory acme)\ngRPC       http://{house.grpc_address}\n",
            flush=True,
        )
        if not options.once:
            print("Ctrl-C ends it, and everything in it.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        house.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
