"""The page at /api/docs: where the API's viewer is, which the pages' origin serves (docs/adr/0045)."""

from collections.abc import Sequence
from html import escape

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">{refresh}
<title>The mall's API</title>
</head>
<body>
<h1>The mall's API</h1>
<p>{where}</p>
<p>Its description for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
</body>
</html>
"""
NO_VIEWER = "This stage names no origin of pages, so nothing shows the documents here."


def page(origins: Sequence[str]) -> str:
    """A page that sends to the viewer at the first origin; where there is none it says so."""
    if not origins:
        return PAGE.format(refresh="", where=NO_VIEWER)
    viewer = escape(f"{origins[0]}/docs/")
    return PAGE.format(
        refresh=f'\n<meta http-equiv="refresh" content="0; url={viewer}">',
        where=f'Its documents, where one can try it: <a href="{viewer}">{viewer}</a>',
    )
