"""CloudFront: the pages' distribution answers at an address that is known before it is made.

No behaviour of AWS: a distribution's own domain is `<label>.cloudfront.net`, and the engine's is
`<label>.cloudfront.<MINISTACK_HOST>`. That host is 127.0.0.1, as queues' addresses hold it, which need no name to be
found. So distributions answer at `<label>.cloudfront.localhost`, too, which browsers find on this machine and take for
secure; the only one there is also at `pages.cloudfront.localhost`: the API admits that origin, and the login returns to
it, as they do a domain of the mall's own on AWS.
"""

import re
from typing import Any

from infra.local.engine.seams import Seams, module

PAGES = "pages"
HOST = re.compile(r"^([a-z0-9]+)\.cloudfront\.(?:net|localhost)(?::\d+)?$")


def apply() -> None:
    seams = Seams("pages")
    app, cloudfront = module("app"), module("services.cloudfront")
    distributions = seams.take(cloudfront, "_distributions")
    find = seams.take(cloudfront, "find_distribution_for_label")

    def find_or_only(label: str) -> Any:
        found = find(label)
        if found is None and label == PAGES and len(distributions) == 1:
            [found] = distributions.values()
        return found

    seams.replace(app, "_CLOUDFRONT_HOST_RE", HOST)
    seams.replace(cloudfront, "find_distribution_for_label", find_or_only)
