"""The pages as deployed: a private bucket, and a CloudFront distribution that alone may read it.

The files come after the deployment, when what config.json tells them is known (infra/operate/publish_pages.py). Why it
is so: docs/adr/0045.
"""

from pathlib import Path

from aws_cdk import Acknowledgment, CfnOutput, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_cloudfront_origins import S3BucketOrigin
from constructs import Construct

from infra.content_security import INLINE_STYLES, content_security_policy
from infra.live import socket_origin
from infra.names import named, shared
from infra.stages import Stage
from infra.user_pool import sign_in_address

FUNCTION = Path(__file__).with_name("pages.js")
YEAR = Duration.days(365)
NOT_FOLLOWED = {
    "AwsSolutions-CFR1": "The mall's staff and kiosks may be in any country.",
    "AwsSolutions-CFR2": "Only files that are no secret are served; the API behind them has its own limits.",
    "AwsSolutions-CFR3": "A file that was read says nothing of who did what; the API's access log has every request.",
    "AwsSolutions-CFR4": "Only with a certificate of its own may a distribution refuse old versions of TLS.",
}


class PagesStack(Stack):
    """The console, the kiosk and the API page, each in a folder of one origin."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **more: object) -> None:
        super().__init__(scope, construct_id, **more)
        self._stage = stage
        bucket = self._bucket()
        distribution = self._distribution(bucket)
        CfnOutput(self, "PagesBucket", value=bucket.bucket_name)
        CfnOutput(self, "PagesAddress", value=f"https://{distribution.distribution_domain_name}")

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN if self._stage.keep else RemovalPolicy.DESTROY,
        )
        reason = "CloudFront alone reads it, and only files that are no secret are in it."
        Validations.of(bucket).acknowledge(Acknowledgment(id="AwsSolutions-S1", reason=reason))
        return bucket

    def _distribution(self, bucket: s3.Bucket) -> cloudfront.Distribution:
        policies = cloudfront.ViewerProtocolPolicy
        # The local cloud speaks HTTP, on loopback alone.
        protocol = policies.ALLOW_ALL if self._stage.engine else policies.REDIRECT_TO_HTTPS
        access = cloudfront.S3OriginAccessControl(self, "Access", origin_access_control_name=self._name)
        origin = S3BucketOrigin.with_origin_access_control(bucket, origin_access_control=access)
        folders = cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=self._folders()
        )

        def behavior(headers: cloudfront.ResponseHeadersPolicy) -> cloudfront.BehaviorOptions:
            return cloudfront.BehaviorOptions(
                origin=origin,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                # It honours what each file says: hashed ones for ever, the others never.
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                compress=True,
                viewer_protocol_policy=protocol,
                response_headers_policy=headers,
                function_associations=[folders],
            )

        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=named(self._stage, "pages"),
            default_behavior=behavior(self._headers("Headers")),
            # A path is compared as the viewer asked for it, so the page's folder itself is one, too.
            # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
            additional_behaviors={f"/{INLINE_STYLES}/*": behavior(self._headers("ApiPageHeaders", INLINE_STYLES))},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
        for rule, reason in NOT_FOLLOWED.items():
            Validations.of(distribution).acknowledge(Acknowledgment(id=rule, reason=reason))
        return distribution

    def _folders(self) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            "Folders",
            function_name=self._name,
            code=cloudfront.FunctionCode.from_file(file_path=str(FUNCTION)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )

    def _headers(self, construct_id: str, page: str = "") -> cloudfront.ResponseHeadersPolicy:
        frame, referrer = cloudfront.HeadersFrameOption.DENY, cloudfront.HeadersReferrerPolicy.NO_REFERRER
        return cloudfront.ResponseHeadersPolicy(
            self,
            construct_id,
            response_headers_policy_name=f"{self._name}-{page}" if page else self._name,
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_security_policy(self._asked(), page), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(frame_option=frame, override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(referrer_policy=referrer, override=True),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=YEAR, include_subdomains=True, override=True
                ),
            ),
        )

    def _asked(self) -> list[str]:
        """The origins that the pages may ask: the API, the socket, and where people and kiosks sign in."""
        stage = self._stage
        if stage.engine:
            return [stage.engine, socket_origin(self, stage)]
        api = f"https://{shared(self, stage, 'http-api')}.execute-api.{self.region}.{self.url_suffix}"
        pool = f"https://cognito-idp.{self.region}.{self.url_suffix}"
        return [api, socket_origin(self, stage), sign_in_address(self, stage), pool]

    @property
    def _name(self) -> str:
        """CloudFront's names are an account's: they hold the region, too."""
        return f"{named(self._stage, 'pages')}-{self.region}"
