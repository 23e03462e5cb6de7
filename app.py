"""The CDK application that cdk.json names, for `cdk deploy`; `python -m infra.synth` synthesizes without the CLI."""

from infra.node import use_packaged_node

use_packaged_node()

from infra.deployment import application  # noqa: E402 - jsii chooses its Node when it is imported

application().synth()
