"""A service that follows the events of a directory."""

import threading
from collections.abc import Callable

import grpc

from harness.rpc import Rpc, api, reason


class Follower:
    """Reads `WatchEvents` in a thread of its own until it is left or the stream ends."""

    def __init__(self, rpc: Rpc, **request):
        self.events: list = []
        self.position: int | None = None
        self.ended: str | None = None
        self._news = threading.Condition()
        self._messages = rpc.begin("EventService/WatchEvents", request)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        ended = "OK"
        try:
            for message in self._messages:
                with self._news:
                    self.events += message.events
                    self.position = message.position
                    self._news.notify_all()
        except grpc.RpcError as error:
            ended = reason(error) or error.code().name
        with self._news:
            self.ended = ended
            self._news.notify_all()

    def wait(self, until: Callable[["Follower"], bool]) -> "Follower":
        """Waits until something holds of what has been read."""
        with self._news:
            happened = self._news.wait_for(lambda: until(self) or self.ended is not None, timeout=60)
            seen = f"ended: {self.ended}, position: {self.position}, {self.types}"
            assert happened, seen
            assert until(self), seen
        return self

    def wait_for_end(self) -> str:
        """Waits until the stream has ended, and returns the reason."""
        with self._news:
            assert self._news.wait_for(lambda: self.ended is not None, timeout=60), self.types
        return self.ended

    def leave(self) -> None:
        self._messages.cancel()
        self._thread.join(timeout=60)

    @property
    def numbers(self) -> list[int]:
        return [event.number for event in self.events]

    @property
    def types(self) -> list[str]:
        return [type_of(event) for event in self.events]

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_) -> None:
        self.leave()


def type_of(event) -> str:
    """The type of an event, such as `USER_CREATED`."""
    return api()["event"].EventType.Name(event.type).removeprefix("EVENT_TYPE_")


def type_number(name: str) -> int:
    return api()["event"].EventType.Value(f"EVENT_TYPE_{name}")


def plain(value):
    """A `rollcall.v1.Value` as Python has it."""
    kind = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    if kind == "list_value":
        return [plain(element) for element in value.list_value.values]
    if kind == "map_value":
        return {entry.name: plain(entry.value) for entry in value.map_value.entries}
    return getattr(value, kind)


def changes_of(event) -> dict:
    """What an event tells: before and after, and of members who came and who went."""
    return {
        change.name: (set(change.added), set(change.removed))
        if change.added or change.removed
        else (plain(change.before), plain(change.after))
        for change in event.changes
    }
