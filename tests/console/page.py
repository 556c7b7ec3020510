"""An administrator at a browser."""

from pathlib import Path

from playwright.sync_api import Browser, Error, Page, expect

from harness.house import House


class Admin:
    """One browser with cookies of its own. A page that uses something inline or from elsewhere fails the test."""

    def __init__(self, house: House, browser: Browser, **options):
        self.house = house
        self.browser = browser
        self.options = options
        self.complaints: list[str] = []

    def __enter__(self) -> "Admin":
        self.context = self.browser.new_context(
            base_url=self.house.url, permissions=["clipboard-read", "clipboard-write"], **self.options
        )
        self.context.set_default_timeout(15_000)
        self.page = self.new_tab()
        return self

    def __exit__(self, *_):
        self.context.close()
        assert not self.complaints, self.complaints

    def new_tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self.complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complain(str(error)))
        return page

    def picture(self, path: Path) -> None:
        """Takes a picture of the whole page. On a busy machine Chromium may have no frame to take it of: then it is
        given time to draw one."""
        for _ in range(10):
            try:
                self.page.screenshot(path=path, full_page=True)
                return
            except Error as error:
                if "Page.captureScreenshot" not in error.message:
                    raise
                refusal = error
            self.page.wait_for_timeout(1000)
        raise refusal

    def complain(self, text: str) -> None:
        # The browser itself tells of every answer that is no success; those are asserted on where they are wanted.
        if "Failed to load resource" not in text:
            self.complaints.append(text)

    def sign_in(self, key: str | None = None) -> "Admin":
        self.page.goto("/admin/sign-in")
        self.submit_key(key or self.house.admin_key)
        expect(self.page.locator("#content")).to_be_visible()
        return self

    def come_in(self) -> "Admin":
        """Signs in without the page for it, which has its own tests."""
        self.context.request.post("/admin/sign-in", form={"key": self.house.admin_key})
        self.page.goto("/admin")
        expect(self.page.locator("#content")).to_be_visible()
        return self

    def submit_key(self, key: str) -> None:
        self.page.get_by_label("Admin key").fill(key)
        self.page.get_by_role("button", name="Sign in").click()

    def session_cookie(self) -> dict:
        return next(
            cookie
            for cookie in self.context.cookies()
            if "rollcall" in cookie["name"] and "theme" not in cookie["name"]
        )

    def expect_notice(self, text: str) -> None:
        expect(self.page.get_by_role("status").filter(has_text=text)).to_be_visible()
