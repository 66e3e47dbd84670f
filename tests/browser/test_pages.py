"""The pages in a real Chromium: by mouse, by keyboard, on a phone, without scripts, and judged by axe."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from conftest import need
from standin import VALID, the_contract
from stuf_klantcontact import web
from stuf_klantcontact.settings import Gateway, Settings, Validator

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
INVALID = (
    VALID.replace(b"<gfo:Type>call", b"<gfo:Type>telefoon")
    .replace(b"gfo:DatumGezet", b"gfo:DatumGezt")
    .replace(b"<gfo:Klantcontact>", b"<gfo:Klantcontact>" + b"\n<!-- far down -->" * 120)
    .decode()
)
TYPE_LINE = next(n for n, line in enumerate(INVALID.splitlines(), 1) if "<gfo:Type>" in line)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    settings = Settings(gateway=Gateway(organisatie="0518"), validator=Validator(per_minute=100_000))
    pages = web.build(contract=the_contract(), settings=settings, ready=lambda: {"database": True})
    server = make_server("127.0.0.1", 0, pages, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need(BROWSER is not None, "no Chromium is installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, address: str, *, console: str = "", **context: Any) -> Iterator[Page]:
    """A fresh visitor, of whom nothing may go wrong unseen and nothing may leave this machine.

    `console` is in what the browser may say of it.
    """
    went: list[str] = []
    said: list[str] = []
    with browser.new_context(base_url=address, **context) as opened:
        opened.on("request", lambda request: went.append(request.url))
        opened.on("console", lambda message: said.append(message.text))
        opened.on("weberror", lambda error: said.append(str(error.error)))
        page = opened.new_page()
        page.set_default_timeout(30_000)
        yield page
    assert went
    assert {urlsplit(url).hostname for url in went} == {"127.0.0.1"}
    assert [words for words in said if not (console and console in words)] == []


def check(page: Page, text: str = INVALID) -> None:
    page.locator("#xml").fill(text)
    page.locator("button.main").click()
    page.locator("#uitkomst").wait_for()


def finding(page: Page, line: int) -> Locator:
    return page.locator("a.jump").filter(has_text=re.compile(rf"(regel|line) {line}\b"))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def in_view(page: Page, identifier: str) -> bool:
    """Whether the middle of the element is really what one sees there, inside every pane that scrolls."""
    return bool(
        page.evaluate(
            """id => { const it = document.getElementById(id), r = it.getBoundingClientRect();
            const seen = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
            return seen === it || it.contains(seen); }""",
            identifier,
        )
    )


def accessible(page: Page) -> list[str]:
    """What axe finds that is serious or critical."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@SIZES
def test_paste_read_and_jump(chromium: Browser, address: str, size: ViewportSize) -> None:
    with visit(chromium, address, viewport=size) as page:
        page.goto("/valideren")
        check(page)
        assert "ongeldig" in page.locator("#uitkomst").inner_text()
        assert focused(page) == "uitkomst"
        assert page.locator(".findings li").count() >= 2
        marked = page.locator(f'.line.error[data-n="{TYPE_LINE}"]')
        assert marked.locator("mark").inner_text() == "<gfo:Type"
        target = marked.locator("a.nr")
        identifier = target.get_attribute("id") or ""
        assert not in_view(page, identifier)
        finding(page, TYPE_LINE).click()
        assert focused(page) == identifier
        assert in_view(page, identifier)
        target.click()
        assert in_view(page, identifier.replace("r-", "b-"))
        assert page.locator("#xml").input_value() == INVALID
        assert fits(page)


@SIZES
def test_by_keyboard_alone(chromium: Browser, address: str, size: ViewportSize) -> None:
    with visit(chromium, address, viewport=size) as page:
        page.goto("/valideren")
        keys = page.keyboard

        def tab_to(selector: str, *, key: str = "Tab") -> None:
            for _ in range(40):
                keys.press(key)
                if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                    return
            raise AssertionError(f"{selector} cannot be reached by {key}")

        keys.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        keys.press("Enter")
        tab_to("#xml")
        keys.insert_text(INVALID)
        tab_to("button.main")
        keys.press("Enter")
        page.locator("#uitkomst").wait_for()
        assert focused(page) == "uitkomst"
        tab_to("a.jump")
        keys.press("Enter")
        assert re.fullmatch(r"r-1-\d+", focused(page))
        assert in_view(page, focused(page))
        outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outlined != "none"
        keys.press("Enter")
        tab_to("a.jump")
        tab_to(".languages [lang=en]", key="Shift+Tab")
        keys.press("Enter")
        page.locator("html[lang=en]").wait_for()
        assert page.evaluate("document.activeElement.lang") == "en"


def test_control_enter_checks(chromium: Browser, address: str) -> None:
    with visit(chromium, address, viewport=DESKTOP) as page:
        page.goto("/valideren")
        page.locator("#xml").fill(VALID.decode())
        page.locator("#xml").press("Control+Enter")
        page.locator("#uitkomst").wait_for()
        assert "geldig, geen bevindingen" in page.locator("#uitkomst").inner_text()


@SIZES
def test_the_language_changes_with_the_findings_in_place(
    chromium: Browser, address: str, size: ViewportSize
) -> None:
    with visit(chromium, address, viewport=size) as page:
        page.goto("/valideren")
        check(page)
        before = page.locator(".findings li").count()
        page.get_by_role("button", name="English").click()
        page.locator("html[lang=en]").wait_for()
        assert page.locator("#uitkomst").inner_text().startswith("Outcome: invalid")
        assert page.locator(".findings li").count() == before
        assert page.locator("#xml").input_value() == INVALID
        assert page.url.endswith("/valideren?lang=en")
        page.get_by_role("button", name="Nederlands").click()
        page.locator("html[lang=nl]").wait_for()
        assert page.locator("#uitkomst").inner_text().startswith("Uitkomst: ongeldig")


def drop(page: Page, name: str, text: str) -> None:
    """Drag a file from outside and let it go on the page."""
    page.evaluate(
        """([name, text]) => { const carried = new DataTransfer();
        carried.items.add(new File([text], name, {type: "text/xml"}));
        for (const kind of ["dragenter", "dragover", "drop"]) document.querySelector("h1").dispatchEvent(
          new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true})); }""",
        [name, text],
    )


def test_drop_a_file_and_look_again_in_another_language(chromium: Browser, address: str) -> None:
    with visit(chromium, address, viewport=DESKTOP) as page:
        page.goto("/valideren")
        drop(page, "bericht.xml", INVALID)
        page.locator("#uitkomst").wait_for()
        assert page.locator("h3").inner_text() == "ongeldig bericht.xml"
        page.get_by_role("button", name="English").click()
        page.locator("html[lang=en]").wait_for()
        assert page.locator("h3").inner_text() == "invalid bericht.xml"
        drop(page, "beter.xml", VALID.decode())
        page.get_by_role("heading", name="valid beter.xml").wait_for()
        assert page.locator("h3").count() == 1


def test_choose_several_files(chromium: Browser, address: str, tmp_path: Path) -> None:
    for name, text in (("goed.xml", VALID.decode()), ("fout.xml", INVALID)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with visit(chromium, address, viewport=DESKTOP) as page:
        page.goto("/valideren")
        page.locator("#bestanden").set_input_files([tmp_path / "goed.xml", tmp_path / "fout.xml"])
        page.locator("button.main").click()
        page.locator("#uitkomst").wait_for()
        assert "2 berichten, 1 ongeldig" in page.locator("#uitkomst").inner_text()


def test_copy_a_report_without_links(chromium: Browser, address: str) -> None:
    with visit(chromium, address, viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/valideren")
        check(page)
        page.get_by_role("button", name="Kopieer het verslag").click()
        page.get_by_text("Gekopieerd").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip().startswith("geplakt bericht: ongeldig")
        assert "/fouten" not in copied
        assert "vergunning" not in copied


@pytest.mark.parametrize("gone", [False, True], ids=["refused", "unreachable"])
def test_a_check_that_is_refused_costs_no_text(chromium: Browser, address: str, gone: bool) -> None:
    answer = '<div id="melding"><p class="alert">Te vaak gevraagd.</p></div>'
    with visit(chromium, address, viewport=DESKTOP, console="Failed to load resource") as page:
        page.goto("/valideren")
        page.locator("#xml").fill(INVALID)
        page.route(
            "**/valideren*",
            lambda route: (
                route.abort() if gone else route.fulfill(status=429, content_type="text/html", body=answer)
            ),
        )
        page.locator("button.main").click()
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert ("niet bereikbaar" if gone else "Te vaak gevraagd") in alert.inner_text()
        assert focused(page) == "melding"
        assert page.locator("#xml").input_value() == INVALID
        page.unroute_all()
        check(page)
        assert alert.count() == 0


@SIZES
def test_without_scripts(chromium: Browser, address: str, size: ViewportSize) -> None:
    with visit(chromium, address, viewport=size, java_script_enabled=False) as page:
        page.goto("/valideren")
        check(page)
        assert page.url.endswith("#uitkomst")
        finding(page, TYPE_LINE).click()
        assert re.search(r"#r-1-\d+$", page.url)
        assert page.locator("a.nr:focus, a.nr:target").count() == 1
        assert not page.get_by_role("button", name="Kopieer het verslag").is_visible()
        page.get_by_role("button", name="English").click()
        assert page.locator("#uitkomst").inner_text().startswith("Outcome: invalid")


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    chromium: Browser, address: str, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    with chromium.new_context(base_url=address, viewport=size, color_scheme=scheme) as context:
        page = context.new_page()
        for path in ("/", "/fouten", "/fouten/KC-05?lang=en", "/nope", "/valideren?lang=en", "/valideren"):
            page.goto(path)
            assert accessible(page) == [], path
            assert fits(page), path
        check(page)
        page.locator("summary").click()
        assert accessible(page) == []
        assert fits(page)


def test_axe_would_have_found_it(chromium: Browser, address: str) -> None:
    with chromium.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/valideren")
        page.evaluate("document.querySelector('label').remove(); document.body.style.color = '#ccc'")
        assert {found.partition(":")[0] for found in accessible(page)} >= {"label", "color-contrast"}


def test_a_phone_of_320_pixels_needs_no_scrolling_aside(chromium: Browser, address: str) -> None:
    with visit(chromium, address, viewport={"width": 320, "height": 640}) as page:
        for path in ("/", "/fouten", "/fouten/StUF-KERNGEGEVENS", "/valideren"):
            page.goto(path)
            assert fits(page), path
        check(page)
        assert fits(page)
