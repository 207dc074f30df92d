"""The documentation site in a browser, from the file system."""

from playwright.sync_api import Browser, expect

from infra.documents import site


def test_the_site_draws_its_diagrams_and_searches_without_a_request_to_any_host(browser: Browser) -> None:
    assert site.main() == 0
    asked: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for name, diagrams in (("index.html", 1), ("docs/patterns.html", 1), ("reference/services.html", 9)):
            page.goto((site.FOLDER / "html" / name).as_uri())
            # The theme draws each within a shadow of this element, and takes the text away.
            drawn = page.locator("div.mermaid")
            expect(drawn).to_have_count(diagrams)
            expect(page.locator("pre.mermaid")).to_have_count(0)
            heights = [box["height"] if (box := one.bounding_box()) else 0 for one in drawn.all()]
            assert min(heights) > 100, name
        page.get_by_label("Search", exact=True).first.fill("idempotency")
        expect(page.locator(".md-search-result__item").first).to_be_attached()
    assert [url for url in asked if not url.startswith("file:")] == []
