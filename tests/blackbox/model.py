"""What a directory must say, by the letter of the documents: its users, groups, holds and sign-ins, in memory."""

from copy import deepcopy
from dataclasses import dataclass, field

# How many users may leave within the window, whatever part of all they are.
MAY_LEAVE = 1

Verdict = tuple[int, str | None]
DONE: Verdict = (200, None)
CREATED: Verdict = (201, None)
GONE: Verdict = (204, None)
REJECTED: Verdict = (403, None)
NOT_FOUND: Verdict = (404, None)
TAKEN: Verdict = (409, "uniqueness")
OTHER_VERSION: Verdict = (412, None)
HELD: Verdict = (429, None)
NO_MEMBER: Verdict = (400, "invalidValue")


@dataclass
class User:
    id: str
    attributes: dict
    version: int = 1
    # A sign-in's account is not the identity provider's before that writes to it.
    is_managed: bool = True
    # Whether it was there before the window of the guard rail began.
    is_old: bool = False
    subject: str | None = None

    @property
    def is_active(self) -> bool:
        return self.attributes["active"]

    @property
    def name(self) -> str:
        return self.attributes["userName"].lower()

    @property
    def address(self) -> str | None:
        return next((email["value"].lower() for email in self.attributes.get("emails", [])), None)


@dataclass
class Group:
    id: str
    name: str
    members: set[str]
    version: int = 1


@dataclass(frozen=True)
class Told:
    """An event. What is None is not known to the model."""

    kind: str
    subject: str | None = None
    version: int | None = None
    changes: dict | None = None


@dataclass
class Model:
    users: dict[str, User] = field(default_factory=dict)
    departed: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    # Who counts for the guard rail.
    left: set[str] = field(default_factory=set)
    # What the pending hold is to do to whom: new attributes, or None for a deletion. None, there is no such hold.
    held: dict[str, dict | None] | None = None
    rejected: set[str] = field(default_factory=set)
    is_approved: bool = False
    events: list[Told] = field(default_factory=list)

    # Users

    def create_user(self, attributes: dict, new_id: str) -> Verdict:
        if self.has_name(attributes["userName"]):
            return TAKEN
        self.add_user(User(new_id, {"active": True, **attributes}))
        return CREATED

    def change_user(self, user_id: str, change, condition: int | None, *, by_administrator: bool = False) -> Verdict:
        """Gives a user the attributes that a function makes of those that it has."""
        user = self.users.get(user_id)
        if user is None:
            return NOT_FOUND
        if condition not in (None, user.version):
            return OTHER_VERSION
        after = change(deepcopy(user.attributes))
        facts = differences(user.attributes, after)
        if not after["active"] and not by_administrator:
            changed = {name: fact[1] for name, fact in facts.items()}
            if stopped := self.let_leave(user, changed):
                return stopped
        if self.has_name(after["userName"], but=user):
            return TAKEN
        if user.is_active and not after["active"] and not by_administrator:
            self.count(user)
        if not by_administrator:
            self.adopt(user)
        if facts:
            user.attributes, user.version = after, user.version + 1
            self.tell("user.updated", user.id, user.version, facts)
        return DONE

    def delete_user(self, user_id: str, condition: int | None, *, by_administrator: bool = False) -> Verdict:
        user = self.users.get(user_id)
        if user is None:
            return NOT_FOUND
        if condition not in (None, user.version):
            return OTHER_VERSION
        if not by_administrator:
            if stopped := self.let_leave(user, None):
                return stopped
            if user.is_active:
                self.count(user)
        self.leave_groups(user_id)
        self.departed[user_id] = self.users.pop(user_id)
        self.tell("user.deleted", user_id, user.version, differences(user.attributes, {}))
        return GONE

    def restore_user(self, user_id: str) -> str:
        """`OK`, or the reason of the refusal."""
        if user_id in self.users:
            return "UNIQUENESS"
        user = self.departed[user_id]
        if self.has_name(user.name):
            return "UNIQUENESS"
        del self.departed[user_id]
        user.version, user.subject = user.version + 1, None
        self.users[user_id] = user
        self.tell("user.restored", user_id, user.version, differences({}, user.attributes))
        return "OK"

    def add_user(self, user: User) -> None:
        self.users[user.id] = user
        self.tell("user.created", user.id, 1, differences({}, user.attributes))

    def has_name(self, name: str, but: User | None = None) -> bool:
        return any(user.name == name.lower() for user in self.users.values() if user is not but)

    def adopt(self, user: User) -> None:
        if not user.is_managed:
            user.is_managed = True
            self.tell("user.adopted", user.id)

    def seen_user(self, user_id: str) -> dict:
        """A user as a GET has it, but for what the server makes up."""
        user = self.users[user_id]
        around = self.groups_around(user_id)
        groups = {"groups": {group: (self.groups[group].name, way) for group, way in around.items()}} if around else {}
        return {**user.attributes, "id": user_id, "version": f'W/"{user.version}"', **groups}

    # Groups

    def create_group(self, name: str, members: list[str], new_id: str) -> Verdict:
        if not self.are_there(members):
            return NO_MEMBER
        self.groups[new_id] = Group(new_id, name, set(members))
        self.tell("group.created", new_id, 1, differences({}, {"displayName": name}))
        self.tell_members(self.groups[new_id], set())
        return CREATED

    def change_group(self, group_id: str, *, name: str | None, named: list[str], members, condition) -> Verdict:
        """Gives a group another name, and the members that a function makes of those that it has."""
        group = self.groups.get(group_id)
        if group is None:
            return NOT_FOUND
        if condition not in (None, group.version):
            return OTHER_VERSION
        if not self.are_there(named):
            return NO_MEMBER
        before, facts = (group.name, group.members), differences({"displayName": group.name}, {"displayName": name})
        group.name, group.members = name, members(set(group.members))
        if before != (group.name, group.members):
            group.version += 1
            if facts:
                self.tell("group.updated", group.id, group.version, facts)
            self.tell_members(group, before[1])
        return DONE

    def delete_group(self, group_id: str, condition: int | None) -> Verdict:
        group = self.groups.get(group_id)
        if group is None:
            return NOT_FOUND
        if condition not in (None, group.version):
            return OTHER_VERSION
        self.leave_groups(group_id)
        del self.groups[group_id]
        self.tell("group.deleted", group_id, group.version, differences({"displayName": group.name}, {}))
        return GONE

    def leave_groups(self, member: str) -> None:
        for group in self.groups.values():
            # What is in a group itself goes with the group.
            if member in group.members and member != group.id:
                before = set(group.members)
                group.members.remove(member)
                group.version += 1
                self.tell_members(group, before)

    def are_there(self, members: list[str]) -> bool:
        return all(member in self.users or member in self.groups for member in members)

    def groups_around(self, member: str) -> dict[str, str]:
        """The groups that somebody is in, and how."""
        found = {group.id: "direct" for group in self.groups.values() if member in group.members}
        inner = list(found)
        while inner:
            within = inner.pop()
            for group in self.groups.values():
                if within in group.members and group.id not in found:
                    found[group.id] = "indirect"
                    inner.append(group.id)
        return found

    # Guard rail

    def let_leave(self, user: User, changes: dict | None) -> Verdict | None:
        """Why an active user may not leave; the changes are held then, where they are not refused."""
        if not (user.is_active and user.is_old):
            return None
        if user.id in self.rejected:
            return REJECTED
        is_held = self.held is not None and user.id in self.held
        is_past = user.id not in self.left and len(self.left) >= MAY_LEAVE
        if not is_held and (self.is_approved or not is_past):
            return None
        if self.held is None:
            self.held = {}
            self.tell("hold.created")
        self.held[user.id] = changes
        return HELD

    def count(self, user: User) -> None:
        if user.is_old and not self.is_approved:
            self.left.add(user.id)

    def approve(self) -> dict[str, str]:
        """Makes the changes that are held, in the order of the users; what became of each."""
        held, self.held, self.is_approved = self.held, None, True
        self.tell("hold.approved")
        outcomes = {}
        for user_id, changes in sorted(held.items()):
            if changes is None:
                verdict = self.delete_user(user_id, None, by_administrator=True)
            else:
                verdict = self.change_user(user_id, overlay(changes), None, by_administrator=True)
            outcomes[user_id] = "applied" if verdict[0] < 300 else "failed"
        return outcomes

    def reject(self) -> dict[str, str]:
        held, self.held = self.held, None
        self.rejected |= set(held)
        self.tell("hold.rejected")
        return dict.fromkeys(held, "rejected")

    # Sign-ins

    def sign_in(self, subject: str, address: str, new_id: str) -> tuple[str, str, str | None]:
        """The decision, what it rests on, and who comes in."""
        linked = next((user for user in self.users.values() if user.subject == subject), None)
        if linked and not linked.is_active:
            return ("refused_deactivated", "deactivated", None)
        if linked:
            return ("existing", "linked", linked.id)
        matches = [user for user in self.users.values() if address in (user.name, user.address)]
        if len(matches) > 1:
            return ("refused_not_provisioned", "several_matches", None)
        if matches:
            [user] = matches
            if user.subject:
                return ("refused_not_provisioned", "already_claimed", None)
            if not user.is_active:
                return ("refused_deactivated", "deactivated", None)
            self.link(user, subject)
            return ("existing", "matched_user_name" if user.name == address else "matched_email", user.id)
        if any(user.subject == subject or address in (user.name, user.address) for user in self.departed.values()):
            return ("refused_deactivated", "deleted", None)
        emails = [{"value": address, "type": "work", "primary": True}]
        self.add_user(User(new_id, {"userName": address, "emails": emails, "active": True}, is_managed=False))
        self.link(self.users[new_id], subject)
        return ("created", "provisioning_on", new_id)

    def link(self, user: User, subject: str) -> None:
        user.subject = subject
        self.tell("sign_in.linked", user.id)

    def unlink(self, user: User) -> None:
        user.subject = None
        self.tell("sign_in.unlinked", user.id)

    # Events

    def tell(self, kind: str, subject: str | None = None, version: int | None = None, changes=None) -> None:
        self.events.append(Told(kind, subject, version, changes))

    def tell_members(self, group: Group, before: set[str]) -> None:
        for way, who in (("added", group.members - before), ("removed", before - group.members)):
            if who:
                self.tell("group.updated", group.id, group.version, {way: who})


def differences(before: dict, after: dict) -> dict[str, tuple]:
    """What each attribute that is not the same was, and is."""
    names = before.keys() | after.keys()
    return {name: (before.get(name), after.get(name)) for name in sorted(names) if before.get(name) != after.get(name)}


def overlay(changes: dict):
    """What gives attributes new values, and takes away those that are None."""

    def changed(attributes: dict) -> dict:
        return {name: value for name, value in (attributes | changes).items() if value is not None}

    return changed
