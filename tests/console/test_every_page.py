"""What holds for every page, light and dark, wide and narrow: no barrier, no excess, nothing cut off."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from console.page import Admin
from console.people import furnish, pages

LARGEST = 150 * 1024
WIDTHS = [320, 360, 414, 540, 640, 768, 861, 1001, 1100, 1280]
LOOKS = [("light", 1360), ("dark", 1360), ("light", 320), ("dark", 320)]


# How a page looks is the same on every database; what it shows is tested on both beside this.
pytestmark = pytest.mark.parametrize("house", ["serve-sqlite"], indirect=True)


@pytest.fixture(scope="module")
def furnished(house):
    return pages(house, furnish(house))


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.timeout(600)
def test_every_page_is_for_everybody_small_and_whole(house, browser, shots, furnished, theme, width):
    wrong = []
    with Admin(house, browser, color_scheme=theme, viewport={"width": width, "height": 900}) as admin:
        page = admin.page

        def look(name: str, address: str):
            answer = page.goto(address)
            if len(answer.body()) > LARGEST:
                wrong.append(f"{name}: {len(answer.body())} bytes")
            page.wait_for_load_state("load")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{name}: wider than the window")
            admin.picture(shots / f"{name}-{theme}-{width}.png")
            for violation in Axe().run(page).response["violations"]:
                targets = [node["html"] for node in violation["nodes"]][:3]
                wrong.append(f"{name}: {violation['id']}: {violation['help']}: {targets}")

        look("sign-in", "/admin/sign-in")
        admin.sign_in()
        for name, address in furnished.items():
            look(name, address)
        expect(page.locator("body")).to_be_visible()
    assert not wrong, "\n".join(wrong)


# Words that stand in more than one line: those of a language and names such as `invalidValue`, not ids or addresses.
BROKEN = r"""() => {
    const broken = new Set();
    const words = /(?<![^\s(“"])\p{L}{2,24}(?![^\s.,:;)”"?!…])/gu;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (texts.nextNode()) {
        const text = texts.currentNode;
        for (const word of text.data.matchAll(words)) {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const tops = [...range.getClientRects()].filter(box => box.width > 0).map(box => box.top);
            if (tops.length > 0) seen += 1;
            if (Math.max(...tops) - Math.min(...tops) > 4) broken.add(`${word[0]} of ${text.data.trim().slice(0, 60)}`);
        }
    }
    return {seen, broken: [...broken]};
}"""


@pytest.mark.timeout(600)
def test_no_word_is_broken_at_any_width(house, browser, furnished):
    broken = []
    with Admin(house, browser) as admin:
        admin.sign_in()
        for name, address in furnished.items():
            admin.page.goto(address)
            for width in WIDTHS:
                admin.page.set_viewport_size({"width": width, "height": 900})
                found = admin.page.evaluate(BROKEN)
                assert found["seen"] > 3, (name, width)
                broken += [f"{name} at {width}: {word}" for word in found["broken"]]
    assert not broken, "\n".join(broken)


def test_no_page_asks_for_anything_from_elsewhere(house, browser, furnished):
    asked = []
    with Admin(house, browser) as admin:
        admin.page.on("request", lambda request: asked.append(request.url))
        admin.sign_in()
        for address in furnished.values():
            admin.page.goto(address)
    assert asked
    assert not [url for url in asked if not url.startswith(house.url + "/")]
