"""IoT Core's control plane and topic rules.

Restored behaviour of AWS:

- The endpoint is where devices connect by MQTT. The engine gives its HTTP port, under a name that does not resolve.
  Locally the address has a port: `127.0.0.1:8883`; on AWS it has none, and 8883 is meant.
  https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html
"""

import json
import os
from typing import Any

from infra.local.engine.seams import Seams, module

DATA = "iot:Data-ATS"

Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    seams = Seams("iot")
    iot = module("services.iot")
    give_the_endpoint(seams, iot)


def give_the_endpoint(seams: Seams, iot: Any) -> None:
    describe = seams.take(iot, "_describe_endpoint")
    address = f"{os.environ.get('BIND_HOST', '127.0.0.1')}:{os.environ.get('IOT_MTLS_PORT', '8883')}"

    def describe_broker(query: dict[str, str]) -> Response:
        status, headers, body = describe(query)
        if status == 200 and query.get("endpointType", DATA) == DATA:
            body = json.dumps({"endpointAddress": address}).encode()
        return status, headers, body

    seams.replace(iot, "_describe_endpoint", describe_broker)
