"""Who may call: a user pool of this deployment, or an issuer that exists already.

Either way the gateway checks the token, and the token itself says which tenant its bearer belongs to
(`tenant_id`) and what they may do (`roles`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import GivenIssuer, UserPool
from infra.constructs.suppressions import accept

ROLES = {
    "viewer": "Reads scenarios and outputs",
    "analyst": "Also writes scenarios, runs and cancels",
    "operator": "Also deletes scenarios and works incidents, and reads the outbox",
    "admin": "Also changes the outbox, the configuration and the states of runs of the tenant",
    "super_admin": "All tenants",
}


@dataclass(frozen=True)
class Issuer:
    """What the gateway's authorizer checks a token against."""

    url: str
    audience: tuple[str, ...]
    pool: cognito.IUserPool | None = None
    """The user pool of this deployment that it is, if it is one."""
    sign_in: str = ""
    """The origin of the pool's sign-in pages."""


class OwnUserPool(Construct):
    """A user pool whose users belong to one tenant each (`custom:tenant_id`) and have roles by group.

    Nobody signs up by themselves, and nobody but an administrator can set the tenant: the application's
    client may not write the attribute.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: UserPool,
        prefix: str,
        protect: bool,
        claims: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=prefix,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            custom_attributes={"tenant_id": cognito.StringAttribute(mutable=True, min_len=1, max_len=63)},
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.REQUIRED if settings.mfa == "required" else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            deletion_protection=protect,
            removal_policy=RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY,
        )
        self.pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, claims, cognito.LambdaVersion.V2_0
        )
        for role, description in ROLES.items():
            cognito.CfnUserPoolGroup(
                self, role, user_pool_id=self.pool.user_pool_id, group_name=role, description=description
            )
        readable = (
            cognito.ClientAttributes()
            .with_standard_attributes(email=True)
            .with_custom_attributes("tenant_id")
        )
        self.client = self.pool.add_client(
            "Client",
            user_pool_client_name=prefix,
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True, admin_user_password=True),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.minutes(settings.token_minutes),
            id_token_validity=Duration.minutes(settings.token_minutes),
            refresh_token_validity=Duration.days(30),
            read_attributes=readable,
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
            disable_o_auth=True,
        )
        domain = self.pool.add_domain(
            "SignIn",
            # Unlike any other in the region.
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"{prefix}-{Aws.ACCOUNT_ID}"),
        )
        self.issuer = Issuer(
            url=f"https://cognito-idp.{Aws.REGION}.amazonaws.com/{self.pool.user_pool_id}",
            audience=(self.client.user_pool_client_id,),
            pool=self.pool,
            sign_in=domain.base_url(),
        )
        accept(
            self.pool,
            {
                "AwsSolutions-COG2": "People enrol a second factor; accounts of machines sign in unattended. "
                "Where there are none, set identity.mfa to required",
                "AwsSolutions-COG8": "The Plus plan's threat protection is priced per user and is a choice of "
                "the operator; no password reaches the application",
            },
        )


def given_issuer(settings: GivenIssuer) -> Issuer:
    """An issuer by configuration."""
    return Issuer(url=settings.issuer, audience=settings.audience)
