"""The layers and code of the functions, as assets of the deployment."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import Bundle, Bundler
from infra.config import Functions as FunctionSettings

# Every function has it beside the dependency layers it declares.
OWN_LAYER = "sextant"

ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


def runtime(settings: FunctionSettings) -> lambda_.Runtime:
    """Lambda's Python of the configured version."""
    return lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON, supports_snap_start=True)


def code(bundle: Bundle) -> lambda_.AssetCode:
    """A bundle as code, under the bundle's own digest."""
    return lambda_.Code.from_asset(
        str(bundle.archive), asset_hash=bundle.digest, asset_hash_type=AssetHashType.CUSTOM
    )


class Layers(Construct):
    """One layer version for each name; a changed bundle is a new version, the old one goes with its last user."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Iterable[str],
        bundler: Bundler,
        settings: FunctionSettings,
        prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._versions = {
            name: lambda_.LayerVersion(
                self,
                name,
                layer_version_name=f"{prefix}-{name}",
                code=code(bundler.layer(name)),
                compatible_runtimes=[runtime(settings)],
                compatible_architectures=[ARCHITECTURES[settings.architecture]],
            )
            for name in {OWN_LAYER: None, **dict.fromkeys(names)}
        }

    def of(self, names: Iterable[str]) -> list[lambda_.ILayerVersion]:
        """The layers of a function that declares `names`, the shared package first."""
        return [self._versions[name] for name in (OWN_LAYER, *names)]
