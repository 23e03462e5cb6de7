"""The functions of the deployment itself (`infra/handlers`): they run while a stack changes or a user signs in."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.functions import Surroundings, function_role, log_level
from infra.constructs.layers import ARCHITECTURES, code, runtime
from infra.constructs.logs import log_group
from infra.constructs.suppressions import accept_checkov


class SupportFunction(Construct):
    """One handler of `infra/handlers`, outside the network, with a role of its own that can do nothing yet."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        surroundings: Surroundings,
        timeout: Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{surroundings.prefix}-{handler.replace('_', '-')}"
        group = log_group(self, "Log", surroundings.log_retention, surroundings.key)
        self.role: iam.Role = function_role(
            self, name, group, in_network=False, traced=surroundings.settings.tracing
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"Sextant deployment: {handler} ({surroundings.stage})",
            code=code(surroundings.bundler.support()),
            handler=f"infra.handlers.{handler}.handler",
            runtime=runtime(surroundings.settings),
            architecture=ARCHITECTURES[surroundings.settings.architecture],
            memory_size=256,
            timeout=timeout,
            role=self.role,
            log_group=group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=log_level(surroundings.settings),
            environment_encryption=surroundings.key,
            tracing=lambda_.Tracing.ACTIVE if surroundings.settings.tracing else lambda_.Tracing.DISABLED,
        )
        accept_checkov(
            self.function,
            {
                "CKV_AWS_115": "Runs only while a stack changes or a user signs in",
                "CKV_AWS_116": "Called by CloudFormation and Cognito, which wait for its answer",
                "CKV_AWS_117": "Reaches only AWS's own services, by IAM; answers CloudFormation on the internet",
            },
        )
