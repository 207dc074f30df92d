"""The content security policy of the pages, as the deployment and the browser tests send it."""

INLINE_STYLES = "docs"
"""The page whose viewer sets some 270 style attributes and adds style elements as it goes, which neither a nonce nor
hashes can name: https://github.com/scalar/scalar/pull/9422. What a style may load is limited as on the other pages."""


def content_security_policy(asked: list[str], page: str = "") -> str:
    """What a page may load: its own files, and nothing inline or evaluated; whom it may ask: these origins and its own.

    page: its folder; one of them may have inline styles, too.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'" if page == INLINE_STYLES else "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *asked]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
