"""The pages as they are deployed: who may read their files, and what a browser is told of them."""

import json
import subprocess
from typing import Any

import pytest

from infra.content_security import content_security_policy
from infra.pages import FUNCTION
from infra.stages import LOCAL_ENGINE, LOCAL_PAGES
from tests.infra.conftest import Resource, Templates
from tests.infra.policies import Names
from tests.infra.test_stages import stage_with


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def stage(request: pytest.FixtureRequest) -> Templates:
    templates: Templates = request.getfixturevalue(request.param)
    return templates


def one(templates: Templates, kind: str) -> Resource:
    [found] = [resource for stack, _, resource in templates.resources(kind) if stack == "pages"]
    return found


def behaviors(templates: Templates) -> dict[str, dict[str, Any]]:
    """How the distribution serves paths, by their pattern; "" are all others."""
    config = one(templates, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return {"": config["DefaultCacheBehavior"]} | {one["PathPattern"]: one for one in config.get("CacheBehaviors", [])}


def headers(templates: Templates, path: str = "") -> dict[str, Any]:
    resource = templates.stacks["pages"]["Resources"][behaviors(templates)[path]["ResponseHeadersPolicyId"]["Ref"]]
    found: dict[str, Any] = resource["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    return found


def policy(templates: Templates, path: str = "") -> dict[str, list[str]]:
    text = Names(templates).of("pages", headers(templates, path)["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    return {words[0]: words[1:] for words in (part.split() for part in text.split(";"))}


def test_nobody_but_the_distribution_reads_the_bucket(stage: Templates) -> None:
    bucket = one(stage, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    [deny, allow] = one(stage, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (allow["Action"], allow["Principal"]) == ("s3:GetObject", {"Service": "cloudfront.amazonaws.com"})
    source = json.dumps(allow["Condition"]["StringEquals"]["AWS:SourceArn"])
    [distribution] = [n for n, r in stage.stacks["pages"]["Resources"].items() if r["Type"].endswith("::Distribution")]
    assert f'"Ref": "{distribution}"' in source
    access = one(stage, "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["OriginAccessControlOriginType"]) == ("always", "s3")


def test_a_page_loads_its_own_files_and_nothing_inline_or_evaluated(stage: Templates) -> None:
    found = policy(stage)
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == ["'self'"]
    assert found["frame-ancestors"] == found["base-uri"] == found["form-action"] == ["'none'"]
    assert not [source for sources in found.values() for source in sources if "unsafe" in source or "*" in source]


def test_the_api_page_alone_may_have_inline_styles_and_is_served_as_the_others_in_all_else(stage: Templates) -> None:
    usual, viewer = behaviors(stage)[""], behaviors(stage)["/docs/*"]
    assert set(behaviors(stage)) == {"", "/docs/*"}
    differ = {name for name in usual.keys() | viewer.keys() if usual.get(name) != viewer.get(name)}
    assert differ == {"PathPattern", "ResponseHeadersPolicyId"}
    assert policy(stage, "/docs/*") == {**policy(stage), "style-src": ["'self'", "'unsafe-inline'"]}
    others = {name: value for name, value in headers(stage).items() if name != "ContentSecurityPolicy"}
    assert headers(stage, "/docs/*").items() >= others.items()


def test_a_page_asks_the_api_the_socket_and_where_one_signs_in_and_nobody_else(
    local: Templates, dev: Templates
) -> None:
    apis = {
        Names(dev).of("platform", {"Ref": name}): resource["Properties"]["ProtocolType"]
        for name, resource in dev.stacks["platform"]["Resources"].items()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    }
    schemes = {"HTTP": "https", "WEBSOCKET": "wss"}
    expected = {f"{schemes[kind]}://{api}.execute-api.eu-west-1.amazonaws.com" for api, kind in apis.items()}
    expected |= {
        "https://mallbots-dev-111122223333.auth.eu-west-1.amazoncognito.com",
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "'self'",
    }
    assert set(policy(dev)["connect-src"]) == expected
    assert policy(local)["connect-src"] == ["'self'", "http://127.0.0.1:4566", "ws://127.0.0.1:4566"]


def test_the_sign_in_of_the_policy_is_the_one_that_is_deployed(dev: Templates) -> None:
    address = Names(dev).of("platform", dev.stacks["platform"]["Outputs"]["SignInAddress"]["Value"])
    assert address in policy(dev)["connect-src"]


def test_browsers_are_told_to_use_tls_to_guess_no_types_to_frame_nothing_and_to_name_no_page(stage: Templates) -> None:
    found = headers(stage)
    assert found["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 86_400
    assert found["ContentTypeOptions"] == {"Override": True}
    assert found["FrameOptions"]["FrameOption"] == "DENY"
    assert found["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


def test_pages_come_by_tls_but_on_the_local_cloud_which_has_none(
    local: Templates, dev: Templates, prod: Templates
) -> None:
    for templates, protocol in ((local, "allow-all"), (dev, "redirect-to-https"), (prod, "redirect-to-https")):
        config = one(templates, "AWS::CloudFront::Distribution")["DistributionConfig"]
        assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == protocol
        assert config["DefaultCacheBehavior"]["Compress"] is True


def test_nothing_of_this_machine_is_deployed_to_aws(dev: Templates, prod: Templates) -> None:
    """But the address at which make token waits for who signs in on it."""
    for templates in (dev, prod):
        text = json.dumps(templates.stacks).replace("http://localhost:4590/signed-in", "")
        assert "localhost" not in text
        assert "127.0.0.1" not in text
    with pytest.raises(ValueError, match="'dev' is deployed to AWS"):
        stage_with(stage="dev", engine=LOCAL_ENGINE)


def test_the_pages_of_a_local_cloud_are_at_a_name_that_browsers_find_on_this_machine() -> None:
    assert LOCAL_PAGES == "http://pages.cloudfront.localhost:4566"
    found = stage_with(stage="local", engine="http://127.0.0.1:4600")
    assert (found.engine, found.origins) == ("http://127.0.0.1:4600", ("http://pages.cloudfront.localhost:4600",))


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("/", {"statusCode": 302, "location": "/console/"}),
        ("/kiosk", {"statusCode": 302, "location": "/kiosk/"}),
        ("/console/", {"uri": "/console/index.html"}),
        ("/kiosk/", {"uri": "/kiosk/index.html"}),
        ("/docs/main-ABCDEFGH.js", {"uri": "/docs/main-ABCDEFGH.js"}),
        ("/console/config.json", {"uri": "/console/config.json"}),
    ],
)
def test_a_folder_s_address_is_that_of_its_page(uri: str, found: dict[str, Any]) -> None:
    script = f"{FUNCTION.read_text()}; process.stdout.write(JSON.stringify(handler({{request: {{uri: '{uri}'}}}})))"
    run = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    location = answer.get("headers", {}).get("location", {}).get("value")
    assert answer.items() >= {name: value for name, value in found.items() if name != "location"}.items()
    assert location == found.get("location")


def test_the_policy_says_each_directive_once() -> None:
    directives = [part.split()[0] for part in content_security_policy(["https://a"]).split("; ")]
    assert len(directives) == len(set(directives)) == 10
