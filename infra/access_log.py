"""What the gateway logs of each request, and about how long such a line is.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

FORMAT = (
    '{"time":"$context.requestTime","route":"$context.routeKey","status":"$context.status",'
    '"integration":"$context.integration.status",'
    '"latency":"$context.responseLatency","request":"$context.requestId"}'
)
SAMPLES = {
    "requestTime": "27/Nov/2026:11:00:00 +0000",
    "routeKey": "PUT /api/depot/shopping/{id}/pick",
    "integration.status": "200",
    "status": "200",
    "responseLatency": "45",
    "requestId": "JKJaXmPLvHcESHA=",
}


def line() -> str:
    """A line of a usual request."""
    text = FORMAT
    for name, sample in SAMPLES.items():
        text = text.replace(f"$context.{name}", sample)
    return text
