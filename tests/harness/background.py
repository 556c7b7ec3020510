"""What goes on beside a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def running(targets: list[Callable[[threading.Event], None]]) -> Iterator[None]:
    """Runs each in a thread of its own, until the event that it is given tells it to end."""
    stop = threading.Event()
    threads = [threading.Thread(target=target, args=(stop,)) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
