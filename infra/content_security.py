"""The content security policy of the pages, as the deployment and the browser tests send it."""


def content_security_policy(asked: list[str]) -> str:
    """What a page may load: its own files, and nothing inline or evaluated; whom it may ask: these origins and its own.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *asked]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
