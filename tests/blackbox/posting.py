"""Installations that send notices, and the mail server that they send by."""

from dataclasses import dataclass

from harness.house import Directory, House
from harness.rpc import api
from harness.smtp import Postbox, eventually


@dataclass
class Posted:
    """An installation, and the mail server that it sends by."""

    house: House
    postbox: Postbox

    def new_directory(self, *addresses: str) -> Directory:
        directory = self.house.new_directory()
        self.name_addresses(directory, *addresses)
        return directory

    def name_addresses(self, directory: Directory, *addresses: str) -> None:
        self.house.admin.call(
            "DirectoryService/UpdateDirectory", name=directory.name, admin_emails={"addresses": addresses}
        )

    def send_test(self, directory: Directory):
        """Asks for a test, and returns the notice of each recipient."""
        answer = self.house.admin.call("NoticeService/SendTestNotice", directory=directory.name)
        return {notice.recipient: notice for notice in answer.notices}

    def notice(self, id: str):
        return self.house.admin.call("NoticeService/GetNotice", id=id).notice

    def until(self, notice, state: str, holds=lambda notice: True):
        """Waits until a notice is in a state."""
        number = api()["notice"].NoticeState.Value(f"NOTICE_STATE_{state}")

        def reached():
            now = self.notice(notice.id)
            return now if now.state == number and holds(now) else None

        return eventually(reached, f"{notice.recipient} is {state}")


def smtp_settings(postbox: Postbox, **more: str) -> dict[str, str]:
    return {
        "ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{postbox.port}",
        "ROLLCALL_SMTP_FROM": "Rollcall <rollcall@example.com>",
        "ROLLCALL_SMTP_RETRY_DELAY": "100ms",
        **more,
    }
