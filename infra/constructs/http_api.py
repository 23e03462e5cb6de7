"""The way in: an HTTP API that checks tokens, limits requests and logs each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from functions.declaration import Function, Route
from infra.config import HttpApi as HttpApiSettings
from infra.constructs.identity import Issuer
from infra.constructs.logs import log_group
from infra.constructs.resources import resource_of
from infra.constructs.suppressions import accept, accept_checkov

# What the access log says of a request: who, what, how it went and how long it took; never a body or token.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "source_ip": "$context.identity.sourceIp",
    "user_agent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
    "tenant_id": "$context.authorizer.claims.tenant_id",
    "subject": "$context.authorizer.claims.sub",
}


class Api(Construct):
    """Routes as declared; one that is not public answers 401 without a valid token of the issuer."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: HttpApiSettings,
        prefix: str,
        issuer: Issuer,
        client_ids: Callable[[apigateway.HttpApi], Sequence[str]],
        routes: Iterable[tuple[Function, Route]],
        targets: Mapping[str, lambda_.IFunction],
        key: kms.IKey,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=prefix,
            description="Sextant: scenarios, runs and their outputs",
            create_default_stage=False,
            cors_preflight=_cors(settings.cors_origins) if settings.cors_origins else None,
        )
        # Clients whose tokens are taken too, some of which are made for where this API is served.
        audience = [*issuer.audience, *client_ids(self.api)]
        authorizer = HttpJwtAuthorizer("Token", issuer.url, jwt_audience=audience)
        integrations: dict[str, HttpLambdaIntegration] = {}
        for function, route in routes:
            integration = integrations.setdefault(
                function.name,
                HttpLambdaIntegration(
                    function.name,
                    targets[function.name],
                    timeout=Duration.seconds(29),
                    scope_permission_to_route=False,
                ),
            )
            added = self.api.add_routes(
                path=route.path,
                methods=[apigateway.HttpMethod[route.method]],
                integration=integration,
                authorizer=apigateway.HttpNoneAuthorizer() if route.public else authorizer,
            )
            if route.public:
                for one in added:
                    accept(
                        one,
                        {
                            "AwsSolutions-APIG4": "Health, documentation and problem pages are public by declaration"
                        },
                    )
                    accept_checkov(one, {"CKV_AWS_309": "Public by declaration"})
        group = log_group(self, "AccessLog", log_retention, key)
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            # By route they cost as much as all alarms together; the functions log route, status and time.
            detailed_metrics_enabled=False,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.requests_per_second, burst_limit=settings.burst
            ),
        )
        stage = resource_of(self.stage, apigateway.CfnStage)
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )

    @property
    def url(self) -> str:
        """Where the API is served, without a trailing slash."""
        return self.api.api_endpoint


def _cors(origins: tuple[str, ...]) -> apigateway.CorsPreflightOptions:
    return apigateway.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[apigateway.CorsHttpMethod.ANY],
        allow_headers=[
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "x-correlation-id",
            "x-report-key",
        ],
        expose_headers=["etag", "location", "retry-after", "x-correlation-id", "x-ratelimit-remaining"],
        max_age=Duration.hours(1),
    )
