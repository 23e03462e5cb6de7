"""Gradual deployments: CodeDeploy moves an alias to new code step by step, and back where an alarm goes off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, CfnCodeDeployLambdaAliasUpdate, CfnUpdatePolicy
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Rollout as RolloutSettings
from infra.constructs.functions import LIVE, function_arn
from infra.constructs.resources import resource_of
from infra.constructs.suppressions import accept_wildcard


class Rollout(Construct):
    """Moves each of `aliases` by the settings; any of `alarms`, by name, takes all of it back.

    The alarms are told by name, since their stack comes after this one. The first deployment makes the aliases and moves
    none, so that they are there when they are first asked for.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: RolloutSettings,
        prefix: str,
        aliases: Mapping[str, lambda_.Alias],
        alarms: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        application = codedeploy.CfnApplication(
            self, "Application", application_name=prefix, compute_platform="Lambda"
        )
        routing = codedeploy.CfnDeploymentConfig.TrafficRoutingConfigProperty
        steps = codedeploy.CfnDeploymentConfig(
            self,
            "Steps",
            # A configuration is never changed in place: another one has another name.
            deployment_config_name=f"{prefix}-{settings.kind}-{settings.percent}-{settings.minutes}",
            compute_platform="Lambda",
            traffic_routing_config=routing(
                type="TimeBasedCanary",
                time_based_canary=codedeploy.CfnDeploymentConfig.TimeBasedCanaryProperty(
                    canary_percentage=settings.percent, canary_interval=settings.minutes
                ),
            )
            if settings.kind == "canary"
            else routing(
                type="TimeBasedLinear",
                time_based_linear=codedeploy.CfnDeploymentConfig.TimeBasedLinearProperty(
                    linear_percentage=settings.percent, linear_interval=settings.minutes
                ),
            ),
        )
        role = self._role([f"{prefix}-{name}" for name in aliases])
        for name, alias in aliases.items():
            group = codedeploy.CfnDeploymentGroup(
                self,
                name,
                application_name=application.ref,
                deployment_group_name=f"{prefix}-{name}",
                deployment_config_name=steps.ref,
                service_role_arn=role.role_arn,
                deployment_style=codedeploy.CfnDeploymentGroup.DeploymentStyleProperty(
                    deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
                ),
                alarm_configuration=codedeploy.CfnDeploymentGroup.AlarmConfigurationProperty(
                    enabled=True,
                    alarms=[
                        codedeploy.CfnDeploymentGroup.AlarmProperty(name=f"{prefix}-{alarm}")
                        for alarm in alarms
                    ],
                ),
                auto_rollback_configuration=codedeploy.CfnDeploymentGroup.AutoRollbackConfigurationProperty(
                    enabled=True, events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
                ),
            )
            resource_of(alias, lambda_.CfnAlias).cfn_options.update_policy = CfnUpdatePolicy(
                code_deploy_lambda_alias_update=CfnCodeDeployLambdaAliasUpdate(
                    application_name=application.ref, deployment_group_name=group.ref
                )
            )
            alias.node.add_dependency(role)

    def _role(self, functions: Sequence[str]) -> iam.Role:
        """CodeDeploy's: AWS's own policy for it may move every alias of the account."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            description="CodeDeploy moving the aliases of the functions that answer HTTP",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="MoveTheAliases",
                actions=["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
                resources=[function_arn(name, at) for name in functions for at in (None, LIVE)],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="LookAtTheAlarms",
                actions=["cloudwatch:DescribeAlarms"],
                resources=[f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"],
            )
        )
        accept_wildcard(
            role,
            [f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"],
            "CodeDeploy describes alarms without naming them",
        )
        return role
