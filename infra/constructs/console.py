"""The web console on AWS: its files in a bucket that only CloudFront reads, and the API on the same origin.

A page's address names no file, so a function at the edge answers every one with the same file. Nothing of the API is
cached, and what it answers passes unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import AssetHashType, Aws, CustomResource, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.constructs.functions import Surroundings
from infra.constructs.identity import Issuer
from infra.constructs.support import SupportFunction
from infra.constructs.suppressions import accept, accept_checkov, accept_wildcard
from tools.console import SECURITY_HEADERS, content_security_policy

# Where the command line waits for its code; Cognito takes none but these, with their ports.
LOOPBACK_CALLBACKS = tuple(f"http://localhost:{port}/callback" for port in (8976, 8977, 8978))

# CloudFront's own JavaScript: `/` leads to the console, and every page of it to the one file.
_PAGES = """
function handler(event) {
  var request = event.request;
  if (request.uri === "/" || request.uri === "/console") {
    return { statusCode: 302, statusDescription: "Found", headers: { location: { value: "/console/" } } };
  }
  if (request.uri.indexOf("/console/") === 0 && request.uri.split("/").pop().indexOf(".") === -1) {
    request.uri = "/console/index.html";
  }
  return request;
}
"""


class Console(Construct):
    """The distribution, the files behind it, and the public client that signs people in, where there is a user pool."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.HttpApi,
        issuer: Issuer,
        storage: s3.IBucket,
        surroundings: Surroundings,
        protect: bool,
        token_minutes: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket = self._files(protect=protect)
        others = (_origin(issuer.url), issuer.sign_in, f"https://{storage.bucket_regional_domain_name}")
        self.distribution = self._distribution(api, [other for other in others if other], surroundings.prefix)
        self.url = f"https://{self.distribution.distribution_domain_name}/console/"
        client = self._client(issuer, token_minutes) if issuer.pool else None
        self.client_ids: Sequence[str] = [client] if client else []
        self._put_files(
            surroundings,
            {"issuer": issuer.url, "client_id": client or issuer.audience[0], "scope": "openid"},
            protect=protect,
        )

    def _files(self, *, protect: bool) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY,
        )
        public = "Files that everybody may read, made again by every deployment"
        accept(bucket, {"AwsSolutions-S1": public})
        accept_checkov(bucket, dict.fromkeys(("CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_145"), public))
        return bucket

    def _distribution(
        self, api: apigateway.HttpApi, others: Sequence[str], prefix: str
    ) -> cloudfront.Distribution:
        pages = cloudfront.Function(
            self,
            "Pages",
            comment="One file for every page of the console",
            code=cloudfront.FunctionCode.from_inline(_PAGES),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        at_the_edge = [
            cloudfront.FunctionAssociation(
                function=pages, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
            )
        ]
        headers = cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_security_policy(others), override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), include_subdomains=True, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in SECURITY_HEADERS.items()
                    if name not in ("X-Content-Type-Options", "Referrer-Policy")
                ]
            ),
        )
        of_api = f"{api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        https = cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"{prefix}: the console, and the API on the same origin",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(of_api, protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                viewer_protocol_policy=https,
                function_associations=at_the_edge,
            ),
            additional_behaviors={
                "console/*": cloudfront.BehaviorOptions(
                    origin=origins.S3BucketOrigin.with_origin_access_control(self._bucket),
                    cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                    viewer_protocol_policy=https,
                    response_headers_policy=headers,
                    function_associations=at_the_edge,
                    compress=True,
                )
            },
        )
        accept(
            distribution,
            {
                "AwsSolutions-CFR1": "Who may sign in is decided by the issuer, not by where they are",
                "AwsSolutions-CFR2": "The API limits requests by itself, by tenant and as a whole; a firewall is the operator's choice",
                "AwsSolutions-CFR3": "The API logs each request; of the console's public files nothing is worth a log",
                "AwsSolutions-CFR4": "CloudFront's own certificate sets its own floor; a domain of one's own brings its certificate",
            },
        )
        accept_checkov(
            distribution,
            {
                "CKV_AWS_68": "A firewall is the operator's choice; the API limits requests by itself",
                "CKV_AWS_86": "The API logs each request; the files are public",
                "CKV_AWS_174": "CloudFront's own certificate sets its own floor",
                "CKV_AWS_305": "`/` is answered by the function at the edge",
                "CKV_AWS_310": "One origin each: neither has a second to fail over to",
                "CKV_AWS_374": "Who may sign in is decided by the issuer, not by where they are",
                "CKV2_AWS_32": "The API sends its own headers; the console's files have a policy",
                "CKV2_AWS_42": "A domain of one's own is the operator's choice",
                "CKV2_AWS_47": "A firewall is the operator's choice",
            },
        )
        return distribution

    def _client(self, issuer: Issuer, token_minutes: int | None) -> str:
        """A public client: authorization code with PKCE, for the console and, at this machine's loopback, the command line."""
        assert issuer.pool is not None
        lifetime = Duration.minutes(token_minutes or 60)
        client = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=issuer.pool,
            generate_secret=False,
            auth_flows=cognito.AuthFlow(),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=lifetime,
            id_token_validity=lifetime,
            refresh_token_validity=Duration.days(1),
            read_attributes=cognito.ClientAttributes()
            .with_standard_attributes(email=True)
            .with_custom_attributes("tenant_id"),
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID],
                callback_urls=[f"{self.url}signed-in", *LOOPBACK_CALLBACKS],
                logout_urls=[f"{self.url}signed-out"],
            ),
        )
        return client.user_pool_client_id

    def _put_files(self, surroundings: Surroundings, config: Mapping[str, str], *, protect: bool) -> None:
        bundle = surroundings.bundler.console()
        asset = assets.Asset(
            self,
            "Files",
            path=str(bundle.archive),
            asset_hash=bundle.digest,
            asset_hash_type=AssetHashType.CUSTOM,
        )
        putter = SupportFunction(
            self,
            "Putter",
            handler="console_files",
            surroundings=surroundings,
            timeout=Duration.minutes(5),
        )
        objects = self._bucket.arn_for_objects("console/*")
        putter.role.add_to_policy(
            iam.PolicyStatement(sid="Put", actions=["s3:PutObject"], resources=[objects])
        )
        if not protect:
            putter.role.add_to_policy(
                iam.PolicyStatement(sid="Empty", actions=["s3:DeleteObject"], resources=[objects])
            )
            putter.role.add_to_policy(
                iam.PolicyStatement(
                    sid="List", actions=["s3:ListBucket"], resources=[self._bucket.bucket_arn]
                )
            )
        archive = f"{asset.bucket.bucket_arn}/{asset.s3_object_key}"
        putter.role.add_to_policy(
            iam.PolicyStatement(sid="Read", actions=["s3:GetObject"], resources=[archive])
        )
        accept_wildcard(putter.role, [objects], "The console's files are named by their contents")
        files = CustomResource(
            self,
            "Contents of the console",
            service_token=putter.function.function_arn,
            resource_type="Custom::ConsoleFiles",
            properties={
                "Bucket": self._bucket.bucket_name,
                "ArchiveBucket": asset.s3_bucket_name,
                "Archive": asset.s3_object_key,
                "Keep": "yes" if protect else "no",
                "Config": Stack.of(self).to_json_string(dict(config)),
            },
            service_timeout=Duration.minutes(5),
        )
        files.node.add_dependency(putter)


def _origin(address: str) -> str:
    """`https://host/path` → `https://host`, of an address that may be known only when it is deployed."""
    return f"https://{Fn.select(2, Fn.split('/', address))}"
