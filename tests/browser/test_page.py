"""The page itself: languages, themes, widths, accessibility, weight, and tables that are true."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Pages
from tests.browser.playground import Playground, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
LARGEST_PAGE_BYTES = 300_000


def fetched(server: str, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(server + path) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def converted(page: Page, target: str, source: str) -> Playground:
    playground = Playground(page)
    playground.use_sample("target", target)
    playground.use_sample("source", source)
    playground.settle_verdicts()
    page.uncheck("#play-early")
    playground.convert()
    playground.await_result()
    return playground


@pytest.mark.parametrize(
    ("browser_language", "page_language", "title"),
    [
        ("zh-CN", "zh-CN", "话还是那句话"),
        ("zh-TW", "zh-CN", "话还是那句话"),
        ("en-GB", "en", "The same words"),
        ("fr-FR", "en", "The same words"),
    ],
)
def test_the_browsers_language_comes_first(
    pages: Pages, browser_language: str, page_language: str, title: str
) -> None:
    page = pages.open(language=browser_language)
    assert page.get_attribute("html", "lang") == page_language
    assert title in page.inner_text("h1")


def test_the_language_switch_is_remembered(pages: Pages) -> None:
    page = pages.open(language="zh-CN")
    playground = Playground(page)
    playground.use_sample("target", "英语女声")
    assert playground.settle_verdicts() == ["适合克隆"]
    page.click("#language-switch")
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_by_role("button", name="Convert").is_visible()
    assert playground.settle_verdicts() == ["Good for cloning"]
    assert "Request fields" in page.inner_text("#clone")
    page.reload()
    page.wait_for_selector("#model-table td")
    assert page.get_attribute("html", "lang") == "en"
    visible = page.evaluate("document.querySelector('main').innerText")
    assert "话还是那句话" not in visible


def test_dark_follows_the_browser_and_the_switch_is_remembered(pages: Pages) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page = pages.open(dark=True)
    dark = page.evaluate(background)
    page.click("#theme-switch")
    light = page.evaluate(background)
    page.reload()
    assert page.evaluate(background) == light
    assert sum(channels(dark)) < 3 * 60
    assert sum(channels(light)) > 3 * 200


def channels(colour: str) -> list[int]:
    return [int(value) for value in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def test_the_page_and_its_scripts_are_light(pages: Pages) -> None:
    page = pages.open()
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    page.reload()
    page.wait_for_selector("#model-table td")
    converted(page, "English, woman", "English, man")
    own = {
        url: size
        for url, size in sizes.items()
        if url == f"{pages.server}/" or url.startswith(f"{pages.server}/static/")
    }
    assert any(url.endswith("/wavesurfer.js") for url in own)
    assert sum(own.values()) <= LARGEST_PAGE_BYTES


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize("width", [1280, 390])
def test_there_is_no_serious_accessibility_fault(
    pages: Pages, language: str, dark: bool, width: int
) -> None:
    page = pages.open(language=language, dark=dark, width=width)
    names = ("英语女声", "英语男声") if language == "zh-CN" else ("English, woman", "English, man")
    playground = converted(page, *names)
    playground.upload("target", ("notes.txt", "text/plain", b"no sound"))
    playground.panel("target").get_by_role("alert").get_by_text("notes.txt").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate(AXE.read_text("utf-8"))
    faults = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)"
    )
    serious = [
        f"{fault['id']}: {[node['html'][:120] for node in fault['nodes']]}"
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_makes_the_page_scroll_sideways(pages: Pages, width: int) -> None:
    page = pages.open(width=width)
    converted(page, "English, woman", "English, man")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_conversion_needs_no_mouse(page: Page) -> None:
    def press_on(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.innerText ?? ''")
            if focused.startswith(name):
                page.keyboard.press("Enter")
                return
        pytest.fail(f"{name} was never reached")

    press_on("Skip to content")
    press_on("English, woman")
    wait_until(page, "document.querySelectorAll('#target-panel .clips li').length === 1")
    press_on("Choose a file")
    page.keyboard.press("Escape")
    press_on("English, man")
    wait_until(page, "document.querySelectorAll('#source-panel .clips li').length === 1")
    press_on("Convert")
    Playground(page).await_result()
    assert page.evaluate("document.activeElement !== document.body")


def test_the_tables_say_what_the_server_says(page: Page, live_server: str) -> None:
    info = fetched(live_server, "/api/info")
    openapi = fetched(live_server, "/openapi.json")
    model = page.inner_text("#model-table")
    assert info["model_id"] in model
    assert all(digest in model for digest in info["graphs"].values())
    errors = page.inner_text("#errors-table")
    assert all(f"{row['code']}\t{row['status']}" in errors for row in openapi["x-errors"])
    limits = page.inner_text("#limits-table")
    assert all(name in limits for name in info["limits"])
    assert "64 MiB" in limits
    everything = page.inner_text(".doc")
    assert all(path in everything for path in openapi["paths"])
    request = page.locator("#clone .drawn table").first.inner_text()
    for name in ("target_audio", "source_audio", "tau", "temperature", "seed", "target_tone"):
        assert name in request
    assert json.loads(page.locator("#info pre").last.inner_text())["limits"] == info["limits"]


def test_a_key_is_asked_for_where_the_server_wants_one(pages: Pages) -> None:
    pages.expected_statuses = {401}
    page = pages.open()
    wanted = "Bearer sesame"

    def guard(route: Any) -> None:
        if route.request.headers.get("authorization") == wanted:
            route.continue_()
        else:
            route.fulfill(status=401, body="{}", content_type="application/json")

    page.route("**/api/info", guard)
    page.reload()
    page.get_by_label("Key (kept in this tab only)").fill("wrong")
    page.get_by_role("button", name="Use it").click()
    page.get_by_text("The key is wrong").wait_for()
    page.get_by_label("Key (kept in this tab only)").fill("sesame")
    page.get_by_role("button", name="Use it").click()
    page.wait_for_selector("#model-table td")
    assert page.is_hidden("#key-panel")


def test_the_page_waits_for_a_server_that_starts(pages: Pages) -> None:
    pages.expected_statuses = {503}
    page = pages.open()
    answers = iter([503, 503])

    def starting(route: Any) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, body="{}", content_type="application/json")

    page.route("**/api/info", starting)
    page.reload()
    page.get_by_text("The model is loading").wait_for()
    page.wait_for_selector("#model-table td")
    assert page.inner_text("#facts dd") != ""
