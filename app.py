"""The CDK application that cdk.json names, for `cdk deploy`; `python -m infra.synth` synthesizes without the CLI."""

import sys

from tools.node import use_packaged_node

use_packaged_node()

from infra.deployment import application  # noqa: E402
from infra.stages import ConfigurationError  # noqa: E402 - jsii chooses its Node when it is imported

try:
    application().synth()
except ConfigurationError as error:
    sys.exit(f"{error}\nEvery setting is explained in docs/deploy.md.")
