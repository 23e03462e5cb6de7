"""The layers and code of the functions, as assets of the deployment."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.declaration import Function
from infra.bundling import Bundle, Bundler
from infra.config import LAYER_VERSION
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
        self._settings, self._prefix = settings, prefix
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

        self._models = [self._model_layer(place, number) for number, place in enumerate(settings.models)]

    def _model_layer(self, place: str, number: int) -> lambda_.ILayerVersion:
        """A layer that exists already, by its ARN, or one made of a folder."""
        name = f"models-{number}"
        if LAYER_VERSION.match(place):
            return lambda_.LayerVersion.from_layer_version_arn(self, name, place)
        return lambda_.LayerVersion(
            self,
            name,
            layer_version_name=f"{self._prefix}-{name}",
            code=lambda_.Code.from_asset(place),
            compatible_runtimes=[runtime(self._settings)],
            compatible_architectures=[ARCHITECTURES[self._settings.architecture]],
        )

    def of(self, declared: Function) -> list[lambda_.ILayerVersion]:
        """The layers of a function, the shared package first, and models of one's own last; none outside the network."""
        own = () if declared.outside else (OWN_LAYER,)
        return [
            *(self._versions[name] for name in (*own, *declared.layers)),
            *(self._models if declared.models else ()),
        ]
