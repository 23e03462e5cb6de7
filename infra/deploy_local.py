"""`python -m infra.deploy_local`: the whole deployment on this machine, until Ctrl-C.

Starts an embedded PostgreSQL and an emulated AWS on the loopback interface, bootstraps it, deploys every
stack with the CDK, adds a user, and says where the API is and with which token it answers. Nothing is
kept: the next time begins with an empty account. For daily work use `make up`, which starts in seconds.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from infra.emulated import EmulatedDeployment
from local.aws import LocalAws
from local.postgres import Postgres

_TENANT = "demo"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy_local", description=__doc__)
    parser.add_argument("--once", action="store_true", help="deploy, destroy and end, without waiting")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="sextant-deploy-") as folder:
        home = Path(folder)
        postgres = Postgres(home, durable=False)
        aws = LocalAws(home, persistent=False, services=())
        try:
            postgres.start()
            aws.start()
            _deploy(EmulatedDeployment(home, aws, postgres), once=arguments.once)
        finally:
            aws.kill()
            postgres.forget()


def _deploy(deployment: EmulatedDeployment, *, once: bool) -> None:
    began = time.monotonic()
    _say("bootstrapping and deploying; the first time also bundles the layers")
    deployment.prepare()
    outputs = deployment.deploy()
    _say(f"deployed in {time.monotonic() - began:.0f} s")
    token = deployment.sign_in(deployment.sign_up(_TENANT, "analyst"))
    base = f"{deployment.aws.endpoint}/_aws/execute-api/{outputs.api_id}/$default"
    _say(f"""
  export SEXTANT_TOKEN={token}
  curl -H "Authorization: Bearer $SEXTANT_TOKEN" '{base}/v1/scenarios'

  The emulated AWS answers at {deployment.aws.endpoint} (region {deployment.region}, any credentials).
""")
    if not once:
        _say("Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            signal.pause()
    _say("destroying")
    deployment.destroy()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is for


if __name__ == "__main__":
    main()
