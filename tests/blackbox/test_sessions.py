"""Sessions, as the console has them: what stands for a key, and for how long."""

import pytest

from harness.rpc import api, refuses

pytestmark = pytest.mark.databases

HOUR = 3600 * 1_000_000
ADMIN = 7


@pytest.fixture
def key(database_house):
    """A new key that may everything, with its id."""
    return database_house.admin.call("ServiceKeyService/CreateServiceKey", name="operator", scopes=[ADMIN])


@pytest.fixture
def session(database_house, key):
    """A session of that key, as a caller."""
    made = database_house.rpc(key.secret).call("SessionService/CreateSession")
    return database_house.rpc(made.secret)


def test_a_session_may_what_its_key_may_and_is_that_key_to_whoever_asks(database_house, key, session):
    who = session.call("IdentityService/WhoAmI")
    assert who.prefix == key.service_key.prefix
    name = session.call(
        "DirectoryService/CreateDirectory", name=f"by-{key.service_key.id[-12:]}", profile=1
    ).directory.name
    assert session.call("UserService/ListUsers", directory=name).total_results == 0
    with refuses("NOT_FOUND"):
        session.call("UserService/GetUser", directory=name, id="01890000-0000-7000-8000-000000000000")
    records = database_house.admin.call("AuditService/ListAuditRecords", directory=name).records
    assert [record.actor.credential_id for record in records] == [key.service_key.id]


def test_a_session_says_what_it_is(database_house, key, session):
    mine = session.call("SessionService/GetSession").session
    assert mine.current
    assert mine.name == "operator"
    assert mine.created.seconds < mine.idle_expires.seconds < mine.expires.seconds
    with refuses("NOT_FOUND"):
        database_house.rpc(key.secret).call("SessionService/GetSession")
    named = database_house.rpc(key.secret).call("SessionService/CreateSession", name="ana@example.com")
    assert named.session.name == "ana@example.com"
    listed = session.call("SessionService/ListSessions").sessions
    assert [(one.name, one.current) for one in listed] == [("ana@example.com", False), ("operator", True)]


def test_only_a_key_that_may_everything_makes_sessions_and_no_session_does(database_house, session):
    for secret in (database_house.scim_token, database_house.new_service_key("DIRECTORY_READ", "EVENTS_READ")):
        with refuses("SCOPE_MISSING"):
            database_house.rpc(secret).call("SessionService/CreateSession")
    with refuses("FORBIDDEN"):
        session.call("SessionService/CreateSession")
    with refuses("INVALID_VALUE", naming="name"):
        database_house.admin.call("SessionService/CreateSession", name="x" * 201)


def test_a_session_ends_unused_and_at_its_latest_time(database_house, session):
    mine = database_house.database_id(session.call("SessionService/GetSession").session.id)
    change = database_house.database.execute
    change("UPDATE sessions SET used = used - ? WHERE id = ?", HOUR // 2, mine)
    assert session.call("IdentityService/WhoAmI").prefix
    # It was used, which puts the end off.
    change("UPDATE sessions SET used = used - ? WHERE id = ?", HOUR // 2 + 1, mine)
    assert session.call("IdentityService/WhoAmI").prefix
    change("UPDATE sessions SET used = used - ? WHERE id = ?", HOUR, mine)
    with refuses("CREDENTIAL_INVALID"):
        session.call("IdentityService/WhoAmI")
    change("UPDATE sessions SET used = used + ?, expires = created WHERE id = ?", HOUR, mine)
    with refuses("CREDENTIAL_INVALID"):
        session.call("IdentityService/WhoAmI")


def test_a_session_ends_with_its_key(database_house, key, session):
    database_house.admin.call("ServiceKeyService/RevokeServiceKey", service_key=key.service_key.id)
    with refuses("CREDENTIAL_INVALID"):
        session.call("IdentityService/WhoAmI")


def test_a_session_ends_with_the_overlap_of_its_key(database_house, key, session):
    database_house.admin.call(
        "ServiceKeyService/RotateServiceKey", service_key=key.service_key.id, overlap={"seconds": 0}
    )
    with refuses("CREDENTIAL_INVALID"):
        session.call("DirectoryService/ListDirectories")


def test_a_session_ends_itself_others_of_its_key_and_nobody_else_s(database_house, key, session):
    operator = database_house.rpc(key.secret)
    second = operator.call("SessionService/CreateSession")
    stranger = database_house.admin.call("SessionService/CreateSession")
    with refuses("NOT_FOUND"):
        session.call("SessionService/EndSession", id=stranger.session.id)
    session.call("SessionService/EndSession", id=second.session.id)
    with refuses("CREDENTIAL_INVALID"):
        database_house.rpc(second.secret).call("IdentityService/WhoAmI")
    session.call("SessionService/EndSession")
    with refuses("CREDENTIAL_INVALID"):
        session.call("IdentityService/WhoAmI")
    with refuses("NOT_FOUND"):
        operator.call("SessionService/EndSession")
    third = operator.call("SessionService/CreateSession")
    assert operator.call("SessionService/EndAllSessions").ended == 1
    with refuses("CREDENTIAL_INVALID"):
        database_house.rpc(third.secret).call("IdentityService/WhoAmI")
    assert database_house.rpc(stranger.secret).call("IdentityService/WhoAmI").prefix


@pytest.mark.parametrize("call", ["ActivityService/WatchActivity", "EventService/WatchEvents"])
def test_what_a_session_follows_ends_with_it(database_house, key, session, call):
    directory = database_house.new_directory()
    followed = session.begin(call, {"directory": directory.name}, timeout=60)
    next(followed)
    database_house.rpc(key.secret).call("SessionService/EndAllSessions")
    with refuses("CREDENTIAL_INVALID"):
        for _ in followed:
            pass


def test_a_session_of_a_key_of_one_directory_reaches_that_one_alone(database_house):
    mine, theirs = database_house.new_directory(), database_house.new_directory()
    bound = database_house.rpc(database_house.new_service_key("ADMIN", directory=mine.name))
    session = database_house.rpc(bound.call("SessionService/CreateSession").secret)
    assert [one.name for one in session.call("DirectoryService/ListDirectories").directories] == [mine.name]
    with refuses("NOT_FOUND"):
        session.call("UserService/ListUsers", directory=theirs.name)


def test_the_secret_of_a_session_is_kept_nowhere(database_house, key):
    made = database_house.rpc(key.secret).call("SessionService/CreateSession")
    assert made.secret.startswith("rc_sess_")
    assert made.secret.encode() not in database_house.database.text()
    assert made.secret not in database_house.output
    # One that is mistyped is refused as an unknown one is.
    for wrong in (made.secret[:-1] + "x", "rc_sess_", made.secret.upper()):
        with refuses("CREDENTIAL_INVALID"):
            database_house.rpc(wrong).call("IdentityService/WhoAmI")


def test_a_session_is_no_scim_token(database_house, key):
    from harness.scim import Scim

    made = database_house.rpc(key.secret).call("SessionService/CreateSession")
    answer = Scim(database_house.base_url, made.secret).get("/Users")
    assert answer.status_code == 400, "a credential of all directories names none over SCIM"
    assert api()["session"].Session


def a_person(subject: str, **fields: str) -> dict[str, str]:
    return {"issuer": "https://op.example", "subject": subject, "email": f"{subject}@example.com", **fields}


def test_a_session_begun_for_a_person_says_so_in_all_that_it_does(database_house, key):
    made = database_house.rpc(key.secret).call("SessionService/CreateSession", person=a_person("ana", name="Ana"))
    assert made.session.name == "ana@example.com"
    session = database_house.rpc(made.secret)
    assert session.call("SessionService/GetSession").session.person.name == "Ana"
    name = session.call(
        "DirectoryService/CreateDirectory", name=f"by-{key.service_key.id[-12:]}", profile=1
    ).directory.name
    (record,) = database_house.admin.call("AuditService/ListAuditRecords", directory=name).records
    assert record.actor.credential_id == key.service_key.id
    assert (record.actor.person.issuer, record.actor.person.subject) == ("https://op.example", "ana")
    (listed,) = database_house.command_json("audit", "list", "--directory", name)["records"]
    assert listed["actor"]["person"] == a_person("ana", name="Ana")
    begun = database_house.admin.call("AuditService/ListAuditRecords", actor=key.service_key.id).records
    assert ("session.created", "ana") in [(one.kind, one.actor.person.subject) for one in begun]
    created = database_house.command_json("event", "list", "--directory", name)["events"][0]
    assert created["actor"]["person"]["email"] == "ana@example.com"


def test_a_person_sees_and_ends_their_own_sessions_alone_also_when_the_key_was_rotated(database_house, key):
    operator = database_house.rpc(key.secret)
    who = key.service_key.id

    def begin(subject: str, caller=operator):
        made = caller.call("SessionService/CreateSession", person=a_person(subject))
        return database_house.rpc(made.secret), made.session.id

    ana, _ = begin(f"ana-{who}")
    ben, of_ben = begin(f"ben-{who}")
    rotated = database_house.admin.call(
        "ServiceKeyService/RotateServiceKey", service_key=key.service_key.id, overlap={"seconds": 3600}
    )
    later, of_later = begin(f"ana-{who}", database_house.rpc(rotated.secret))
    mine = database_house.new_directory()
    bound = database_house.rpc(database_house.new_service_key("ADMIN", directory=mine.name))
    apart, _ = begin(f"ana-{who}", bound)
    assert [one.id for one in ana.call("SessionService/ListSessions").sessions][0] == of_later
    assert len(ana.call("SessionService/ListSessions").sessions) == 2
    assert len(apart.call("SessionService/ListSessions").sessions) == 1
    with refuses("NOT_FOUND"):
        ana.call("SessionService/EndSession", id=of_ben)
    assert {one.id for one in operator.call("SessionService/ListSessions").sessions} >= {of_ben}
    assert ana.call("SessionService/EndAllSessions").ended == 2
    for ended in (ana, later):
        with refuses("CREDENTIAL_INVALID"):
            ended.call("IdentityService/WhoAmI")
    for other in (ben, apart):
        assert other.call("IdentityService/WhoAmI").prefix


def test_a_person_has_an_issuer_and_a_subject(database_house, key):
    operator = database_house.rpc(key.secret)
    for wrong, field in (
        ({"issuer": ""}, "person.issuer"),
        ({"subject": ""}, "person.subject"),
        ({"email": "x" * 401}, "person.email"),
        ({"name": "a\nb"}, "person.name"),
    ):
        with refuses("INVALID_VALUE", naming=field):
            operator.call("SessionService/CreateSession", person=a_person("ana") | wrong)
    assert operator.call("SessionService/EndAllSessions").ended == 0
    for secret in (database_house.scim_token, database_house.new_service_key("DIRECTORY_READ")):
        with refuses("SCOPE_MISSING"):
            database_house.rpc(secret).call("SessionService/CreateSession", person=a_person("ana"))
