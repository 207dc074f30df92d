"""The users of a stage: staff, operators and kiosks, in a user pool of Amazon Cognito (docs/adr/0040).

Every property is as https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Cognito.html documents
it; where one says more than its name, its page is beside it.
"""

from aws_cdk import Acknowledgment, CfnOutput, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from infra.names import named
from infra.stages import Stage

MINUTES, DAYS = "minutes", "days"
ACCESS_MINUTES = 5  # the shortest that Cognito issues; a user that is disabled is noticed earlier, by the authorizer
# Rotation does not move the end: a new refresh token is valid for what is left of the first one's time.
# https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
STAFF_DAYS, KIOSK_DAYS = 1, 365
RETRY_SECONDS = 60  # the longest for which the refresh token before is good too, when an answer was lost

GROUPS = {
    OPERATOR: "May what staff may, and operate the system",
    STAFF: "The mall's staff",
    KIOSK: "Devices at which customers order",
}


class UserPool(Construct):
    """The pool with its groups, the two apps by which its users sign in, and the address of the managed login."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.pool = self._pool()
        for name, description in GROUPS.items():
            group = cognito.CfnUserPoolGroup(
                self, name.title(), user_pool_id=self.pool.ref, group_name=name, description=description
            )
            self._keep(group)
        self.staff = self._staff_client()
        self.kiosk = self._kiosk_client()
        self._managed_login()
        stack = Stack.of(self)
        CfnOutput(stack, "UserPoolId", value=self.pool.ref)
        CfnOutput(stack, "StaffClientId", value=self.staff.ref)
        CfnOutput(stack, "KioskClientId", value=self.kiosk.ref)

    def _pool(self) -> cognito.CfnUserPool:
        pool = cognito.CfnUserPool(
            self,
            "Users",
            user_pool_name=named(self._stage, "users"),
            # The cheapest plan in which refresh tokens rotate, and of which the login has pages of version 2.
            # https://aws.amazon.com/about-aws/whats-new/2025/04/amazon-cognito-refresh-token-rotation/
            user_pool_tier="ESSENTIALS",
            username_configuration=cognito.CfnUserPool.UsernameConfigurationProperty(case_sensitive=False),
            admin_create_user_config=cognito.CfnUserPool.AdminCreateUserConfigProperty(
                allow_admin_create_user_only=True
            ),
            policies=cognito.CfnUserPool.PoliciesProperty(
                password_policy=cognito.CfnUserPool.PasswordPolicyProperty(
                    minimum_length=14,
                    require_lowercase=True,
                    require_uppercase=True,
                    require_numbers=True,
                    require_symbols=True,
                    password_history_size=5,
                    temporary_password_validity_days=1,
                )
            ),
            # For staff, who may add a code of an app; a kiosk has nobody to type one.
            mfa_configuration="OPTIONAL",
            enabled_mfas=["SOFTWARE_TOKEN_MFA"],
            # The pool knows no address or number to which it could send a code.
            account_recovery_setting=cognito.CfnUserPool.AccountRecoverySettingProperty(
                recovery_mechanisms=[cognito.CfnUserPool.RecoveryOptionProperty(name="admin_only", priority=1)]
            ),
            deletion_protection="ACTIVE" if self._stage.keep else "INACTIVE",
        )
        self._keep(pool)
        reasons = {
            "AwsSolutions-COG2": "Kiosks, which are users too, have nobody to type a code; MFA is there for staff.",
            "AwsSolutions-COG8": "Threat protection, of the plan Plus, is for users who sign up themselves.",
        }
        for rule, reason in reasons.items():
            Validations.of(pool).acknowledge(Acknowledgment(id=rule, reason=reason))
        return pool

    def _staff_client(self) -> cognito.CfnUserPoolClient:
        """For people: authorization code with PKCE by the managed login. A public app, so it has no secret."""
        return self._client(
            "StaffApp",
            # An empty list would mean the default, which has more. The managed login asks for the password itself.
            ["ALLOW_USER_SRP_AUTH"],
            STAFF_DAYS,
            rotates=True,
            supported_identity_providers=["COGNITO"],
            allowed_o_auth_flows_user_pool_client=True,
            allowed_o_auth_flows=["code"],
            # The second lets a user add a code of an app to the own account, and nothing at the mall.
            allowed_o_auth_scopes=["openid", "aws.cognito.signin.user.admin"],
            callback_ur_ls=[*self._stage.callbacks, *self._stage.consoles],
            logout_ur_ls=[*self._stage.callbacks, *self._stage.consoles],
        )

    def _kiosk_client(self) -> cognito.CfnUserPoolClient:
        """For devices: the one-time password that an operator types once, which the device replaces at once.

        Over TLS, so no SRP: the password that is sent is worth nothing after it was answered. Its refresh token does
        not rotate: a kiosk that missed the answer with the next one, and has no network for longer than the 60 s of
        Cognito's grace period, would need an operator.
        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
        """
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        return self._client("KioskApp", flows, KIOSK_DAYS, rotates=False)

    def _client(
        self, construct_id: str, flows: list[str], refresh_days: int, *, rotates: bool, **more: object
    ) -> cognito.CfnUserPoolClient:
        """An app. Where refresh tokens rotate, GetTokensFromRefreshToken and the token endpoint alone take them.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
        """
        if self._stage.development_users:
            # By a program, and by the pages' list of development users.
            flows = [*dict.fromkeys([*flows, "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"])]
        return cognito.CfnUserPoolClient(
            self,
            construct_id,
            user_pool_id=self.pool.ref,
            client_name=construct_id,
            generate_secret=False,
            explicit_auth_flows=flows,
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=ACCESS_MINUTES,
            id_token_validity=ACCESS_MINUTES,
            refresh_token_validity=refresh_days,
            token_validity_units=cognito.CfnUserPoolClient.TokenValidityUnitsProperty(
                access_token=MINUTES, id_token=MINUTES, refresh_token=DAYS
            ),
            refresh_token_rotation=cognito.CfnUserPoolClient.RefreshTokenRotationProperty(
                feature="ENABLED" if rotates else "DISABLED",
                retry_grace_period_seconds=RETRY_SECONDS if rotates else None,
            ),
            **more,
        )

    def _managed_login(self) -> None:
        """The pages by which staff sign in. The prefix must be unique in the region, hence the account.

        Pages of version 2 are shown only for an app with a style:
        https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html
        """
        stack = Stack.of(self)
        prefix = _prefix(stack, self._stage)
        domain = cognito.CfnUserPoolDomain(
            self, "Domain", user_pool_id=self.pool.ref, domain=prefix, managed_login_version=2
        )
        cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self.pool.ref,
            client_id=self.staff.ref,
            use_cognito_provided_values=True,
        )
        CfnOutput(stack, "SignInAddress", value=_address(stack, domain.ref))

    def _keep(self, resource: cognito.CfnUserPool | cognito.CfnUserPoolGroup) -> None:
        resource.apply_removal_policy(RemovalPolicy.RETAIN if self._stage.keep else RemovalPolicy.DESTROY)


def sign_in_address(stack: Stack, stage: Stage) -> str:
    """Where the managed login of a stage answers, for stacks beside the pool's."""
    return _address(stack, _prefix(stack, stage))


def _prefix(stack: Stack, stage: Stage) -> str:
    return named(stage, stack.account)


def _address(stack: Stack, prefix: str) -> str:
    return f"https://{prefix}.auth.{stack.region}.amazoncognito.com"
