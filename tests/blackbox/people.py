"""The people of the tests, as Okta and Entra send them."""

from harness.scim import ENTERPRISE, USER


def okta_user(user_name: str, **changed) -> dict:
    """What Okta sends to create a user (IDP.md §2.1)."""
    return {
        "schemas": [USER],
        "userName": user_name,
        "name": {"givenName": "Ana", "familyName": "Ruiz"},
        "emails": [{"primary": True, "value": user_name, "type": "work"}],
        "displayName": "Ana Ruiz",
        "locale": "en-US",
        "externalId": f"00u-{user_name}",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
        **changed,
    }


def entra_user(user_name: str, **changed) -> dict:
    """What Entra sends to create a user, with its nulls and its junk (IDP.md §3.1)."""
    return {
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User", ENTERPRISE],
        "externalId": f"9b1e-{user_name}",
        "userName": user_name,
        "active": "True",
        "displayName": "Ana Ruiz",
        "emails": [{"primary": True, "type": "work", "value": user_name}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ana Ruiz", "familyName": "Ruiz", "givenName": "Ana"},
        "roles": [],
        "addresses": None,
        "phoneNumbers": None,
        "title": None,
        "manager": None,
        **changed,
    }
