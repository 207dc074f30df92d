"""Who may ask, as it is deployed: the authorizer on routes, the user pool, the keys of tokens, CORS."""

import json
from typing import Any

import pytest

from functions.gateway.api import api as gateway_api
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.routes import Route
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from infra.routes import gateway_paths
from infra.stages import LOCAL_PAGES, LOOPBACK, read_origins
from tests.infra.conftest import ORIGINS, Resource, Templates, listed
from tests.infra.policies import Names
from tests.infra.test_stages import stage_with

CHANGES_OF_KEYS = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
OPEN = {"$default", "GET /health", "GET /api/openapi.json", "GET /api/docs"}


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def stage(request: pytest.FixtureRequest) -> Templates:
    templates: Templates = request.getfixturevalue(request.param)
    return templates


def declared() -> dict[str, Route]:
    """Every route of the code, by its key at the gateway."""
    apis = [gateway_api, *(api for name in services() if (api := manifest(name).api))]
    paths = {path: told for api in apis for path, told in gateway_paths(route.path for route in api.routes).items()}
    return {f"{route.method} {paths[route.path]}": route for api in apis for route in api.routes}


def one(templates: Templates, kind: str) -> Resource:
    [(_, _, found)] = templates.resources(kind)
    return found


def role_of(templates: Templates, handler: str) -> list[dict[str, Any]]:
    """The statements of the role of a platform's function."""
    [role] = [
        function["Role"]["Fn::GetAtt"][0]
        for stack, _, function in templates.resources("AWS::Lambda::Function")
        if stack == "platform" and function["Handler"].endswith(f".{handler}")
    ]
    return [
        statement
        for _, _, policy in templates.resources("AWS::IAM::Policy")
        if policy["Roles"] == [{"Ref": role}]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_every_route_with_roles_has_the_authorizer_and_only_those_that_are_declared_open_have_none(
    stage: Templates,
) -> None:
    names = Names(stage)
    [(platform, authorizer, _)] = [r for r in stage.resources("AWS::ApiGatewayV2::Authorizer") if r[0] != "live"]
    its_id = names.of(platform, {"Ref": authorizer})
    routes = {r["RouteKey"]: (s, r) for s, _, r in stage.resources("AWS::ApiGatewayV2::Route") if s != "live"}
    assert len(routes) > 50
    without = {key for key, (_, route) in routes.items() if route.get("AuthorizationType", "NONE") == "NONE"}
    assert without == OPEN == {key for key, route in declared().items() if route.open} | {"$default"}
    for key in set(routes) - without:
        stack, route = routes[key]
        assert (route["AuthorizationType"], names.of(stack, route["AuthorizerId"])) == ("CUSTOM", its_id), key
        assert declared()[key].may, key


def test_the_authorizer_says_who_of_each_token_once_a_minute(stage: Templates) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""
    [authorizer] = [r for s, _, r in stage.resources("AWS::ApiGatewayV2::Authorizer") if s != "live"]
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]  # the key of the cache
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60


def test_the_authorizer_may_look_users_owners_and_public_keys_up_and_cannot_sign(stage: Templates) -> None:
    statements = role_of(stage, "authorizer")
    granted = {action for s in statements for action in listed(s["Action"]) if not action.startswith("logs:")}
    looks = {"cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser", "ssm:GetParameter"}
    assert granted == looks | {"lambda:InvokeFunction"}
    invoked = [Names(stage).of("platform", s["Resource"]) for s in statements if s["Action"] == "lambda:InvokeFunction"]
    assert [arn.split("function:")[1].split("-", 2)[2].removesuffix(":live") for arn in invoked] == [
        "customers-queries",
        "depot-queries",
    ]


def test_only_the_function_keys_may_write_keys(stage: Templates) -> None:
    writing = [
        (stack, policy, s)
        for stack, policy, s in stage.statements()
        if {*CHANGES_OF_KEYS, "ssm:PutParameter"} & set(listed(s["Action"]))
    ]
    assert [s for *_, s in writing] == [s for s in role_of(stage, "keys") if "logs:PutLogEvents" not in s["Action"]]
    [secret, parameter] = (Names(stage).of("platform", s["Resource"]) for *_, s in writing)
    assert ":secret:" in secret
    assert "TokenKeys" in secret
    assert parameter.endswith("/published-keys")


def test_a_room_that_issues_tokens_may_read_the_keys_and_no_other_may(stage: Templates) -> None:
    """Beside the function keys. A room is a function of the service: kernel/runtime/uses.py."""
    reading = {
        (stack, function["Handler"].rpartition(".")[2])
        for stack, _, function in stage.resources("AWS::Lambda::Function")
        if "TOKEN_KEYS" in function["Environment"]["Variables"]
    }
    rooms = [(name, room) for name in services() for room in rooms_of(name)]
    issuing = {(name, handler) for name, (handler, uses) in rooms if uses.issues_tokens}
    assert reading == issuing | {("platform", "keys")}


def rooms_of(service: str) -> list[tuple[str, Any]]:
    """The handler and the uses of each room of a service."""
    found = manifest(service)
    rooms = [("api", found.api), ("queries", found.queries), *((inbox.queue, inbox) for inbox in found.inboxes)]
    return [(handler, room.uses) for handler, room in rooms if room]


def test_no_deployment_writes_the_published_keys_again(dev: Templates, prod: Templates) -> None:
    """CloudFormation writes a parameter's value when any property of it is another in the template, a tag too.

    So the resource as a whole must stay as it was first deployed, its logical id with it. And it makes up another
    secret where GenerateSecretString is another:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """
    for templates, name in ((dev, "dev"), (prod, "prod")):
        resources = templates.stacks["platform"]["Resources"]
        published = resources["IdentityPublishedKeys6B30BCC2"]
        text = '{"keys": []}'
        properties = {"Name": f"/mallbots/{name}/published-keys", "Type": "String", "Value": text}
        assert published == {"Type": "AWS::SSM::Parameter", "Properties": properties}
        assert resources["IdentityTokenKeysAC5D785F"]["Properties"]["GenerateSecretString"] == {}


def test_the_keys_are_looked_after_every_five_minutes_and_an_alarm_rings_when_nobody_does(dev: Templates) -> None:
    [rule] = [rule for stack, _, rule in dev.resources("AWS::Events::Rule") if stack == "platform"]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    [function] = [
        name
        for stack, name, f in dev.resources("AWS::Lambda::Function")
        if stack == "platform" and f["Handler"].endswith(".keys")
    ]
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [function, "Arn"]}]
    [late] = [alarm for _, name, alarm in dev.resources("AWS::CloudWatch::Alarm") if "KeysLate" in name]
    assert (late["Namespace"], late["MetricName"], late["Statistic"]) == ("AWS/Lambda", "Invocations", "Sum")
    assert late["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    assert (late["ComparisonOperator"], late["Threshold"]) == ("LessThanThreshold", 1)
    assert late["TreatMissingData"] == "breaching"
    assert late["Period"] * late["EvaluationPeriods"] == 3_600


def apps(templates: Templates) -> dict[str, Resource]:
    """The apps of the user pool, by name."""
    return {app["ClientName"]: app for _, _, app in templates.resources("AWS::Cognito::UserPoolClient")}


def test_nobody_signs_up_and_passwords_are_strong(stage: Templates) -> None:
    pool = one(stage, "AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] == 14
    assert policy["TemporaryPasswordValidityDays"] == 1
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["AccountRecoverySetting"] == {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
    assert "UsernameAttributes" not in pool
    assert "AliasAttributes" not in pool
    groups = {group["GroupName"] for _, _, group in stage.resources("AWS::Cognito::UserPoolGroup")}
    assert groups == {OPERATOR, STAFF, KIOSK}


def test_the_users_of_production_cannot_be_deleted_with_its_stack(dev: Templates, prod: Templates) -> None:
    for templates, protection in ((dev, "INACTIVE"), (prod, "ACTIVE")):
        assert one(templates, "AWS::Cognito::UserPool")["DeletionProtection"] == protection


def test_tokens_are_short_refresh_tokens_of_people_rotate_and_no_app_has_a_secret(stage: Templates) -> None:
    days = {"StaffApp": 1, "KioskApp": 365}
    assert set(apps(stage)) == set(days)
    for name, app in apps(stage).items():
        units = {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"}
        assert app["TokenValidityUnits"] == units
        assert (app["AccessTokenValidity"], app["RefreshTokenValidity"]) == (5, days[name])
        assert app["GenerateSecret"] is False
        assert app["EnableTokenRevocation"] is True
        assert app["PreventUserExistenceErrors"] == "ENABLED"
    # https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
    staff, kiosk = apps(stage)["StaffApp"], apps(stage)["KioskApp"]
    assert staff["RefreshTokenRotation"] == {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in staff["ExplicitAuthFlows"], "not with rotation"
    assert kiosk["RefreshTokenRotation"] == {"Feature": "DISABLED"}, "a lost answer would lock a kiosk out"
    assert "ALLOW_REFRESH_TOKEN_AUTH" in kiosk["ExplicitAuthFlows"]
    assert one(stage, "AWS::Cognito::UserPool")["UserPoolTier"] == "ESSENTIALS", "without which none rotate"


def test_people_sign_in_by_the_managed_login_and_kiosks_by_their_password(stage: Templates) -> None:
    staff, kiosk = apps(stage)["StaffApp"], apps(stage)["KioskApp"]
    assert (staff["AllowedOAuthFlowsUserPoolClient"], staff["AllowedOAuthFlows"]) == (True, ["code"])
    assert staff["CallbackURLs"][0] == LOOPBACK
    assert staff["ExplicitAuthFlows"][0] == "ALLOW_USER_SRP_AUTH"
    assert kiosk["ExplicitAuthFlows"][0] == "ALLOW_USER_PASSWORD_AUTH"
    assert not {"AllowedOAuthFlows", "CallbackURLs", "AllowedOAuthFlowsUserPoolClient"} & set(kiosk)
    domain = one(stage, "AWS::Cognito::UserPoolDomain")
    assert domain["ManagedLoginVersion"] == 2
    branded = one(stage, "AWS::Cognito::ManagedLoginBranding")["ClientId"]  # or its pages are not shown
    [app] = [name for _, name, app in stage.resources("AWS::Cognito::UserPoolClient") if app is staff]
    assert branded == {"Ref": app}


def test_who_signed_in_returns_to_the_consoles_of_the_origins(
    local: Templates, dev: Templates, prod: Templates
) -> None:
    consoles = {"local": (local, [LOCAL_PAGES]), "dev": (dev, []), "prod": (prod, ORIGINS.split(","))}
    for templates, origins in consoles.values():
        expected = [LOOPBACK, *(f"{origin}/console/" for origin in origins)]
        assert apps(templates)["StaffApp"]["CallbackURLs"] == expected
        assert apps(templates)["StaffApp"]["LogoutURLs"] == expected


def test_the_address_of_the_managed_login_names_stage_and_account(dev: Templates) -> None:
    address = Names(dev).of("platform", dev.stacks["platform"]["Outputs"]["SignInAddress"]["Value"])
    assert address == "https://mallbots-dev-111122223333.auth.eu-west-1.amazoncognito.com"


def test_no_stage_but_the_local_one_has_a_user_a_password_or_a_sign_in_without_its_user(
    local: Templates, dev: Templates, prod: Templates
) -> None:
    """Development users are made by the launcher of the local cloud, by a sign-in that no other stage's apps allow."""
    for templates in (dev, prod):
        kinds = {r["Type"] for t in templates.stacks.values() for r in t["Resources"].values()}
        assert not {kind for kind in kinds if kind.startswith("AWS::Cognito::UserPoolUser")}
        assert not {kind for kind in kinds if kind.startswith(("AWS::CloudFormation::Custom", "Custom::"))}
        text = json.dumps(list(templates.stacks.values()))
        assert "TemporaryPassword" not in text.replace("TemporaryPasswordValidityDays", "")
        assert "ADMIN" not in json.dumps([app["ExplicitAuthFlows"] for app in apps(templates).values()])
        assert "ALLOW_USER_PASSWORD_AUTH" not in apps(templates)["StaffApp"]["ExplicitAuthFlows"]
        assert not {"cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword"} & {
            action for _, _, s in templates.statements() for action in listed(s["Action"])
        }
        assert apps(templates)["StaffApp"]["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]
    for app in apps(local).values():
        assert {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"} <= set(app["ExplicitAuthFlows"])


def test_only_the_local_authorizer_reads_the_pools_keys_beside_the_issuer(
    local: Templates, dev: Templates, prod: Templates
) -> None:
    for templates, address in ((local, "$AWS_ENDPOINT_URL"), (dev, ""), (prod, "")):
        found = {f["Environment"]["Variables"].get("POOL_KEYS") for _, _, f in functions(templates, "authorizer")}
        assert found == {address}


def functions(templates: Templates, handler: str) -> list[tuple[str, str, Resource]]:
    found = templates.resources("AWS::Lambda::Function")
    return [one for one in found if one[2]["Handler"].endswith(f".{handler}")]


def cors(templates: Templates) -> Resource | None:
    [api] = [api for _, _, api in templates.resources("AWS::ApiGatewayV2::Api") if api["ProtocolType"] == "HTTP"]
    found: Resource | None = api.get("CorsConfiguration")
    return found


def test_no_page_calls_the_api_of_a_stage_for_which_no_origin_was_named(
    local: Templates, dev: Templates, prod: Templates
) -> None:
    assert cors(dev) is None
    found = cors(prod)
    assert found
    assert found["AllowOrigins"] == ["https://kiosk.mall.example", "https://staff.mall.example:8443"]
    assert found["AllowMethods"] == ["GET", "POST", "PUT", "DELETE"]
    assert "Authorization" in found["AllowHeaders"]
    assert "If-Match" in found["AllowHeaders"]
    assert "WWW-Authenticate" in found["ExposeHeaders"]
    assert "AllowCredentials" not in found, "a token is no cookie"
    assert cors(local) == {**found, "AllowOrigins": [LOCAL_PAGES]}


@pytest.mark.parametrize("methods", [{route.method for route in declared().values()}])
def test_a_page_may_use_every_method_that_a_route_has(local: Templates, methods: set[str]) -> None:
    found = cors(local)
    assert found
    assert set(found["AllowMethods"]) == methods


@pytest.mark.parametrize(
    "origins", ["*", "https://*", "http://mall.example", "https://mall.example/", "mall.example", "https://a.example b"]
)
def test_an_origin_that_a_browser_does_not_send_or_that_is_not_encrypted_is_refused(origins: str) -> None:
    with pytest.raises(ValueError, match=r"^an origin is like https://mall\.example"):
        stage_with(stage="dev", origins=origins)


def test_origins_are_a_list_with_commas() -> None:
    assert stage_with(stage="dev", origins="https://a.example, http://localhost:8000").origins == (
        "https://a.example",
        "http://localhost:8000",
    )
    assert stage_with(stage="local", origins="").origins == read_origins("") == ()
