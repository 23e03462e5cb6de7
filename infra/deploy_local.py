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
_SCENARIO = (
    '{"name": "first", "assumptions": [{"driver_type": "policy", '
    '"payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}]}'
)


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
    _say("bootstrapping and deploying: about a minute, the first time two more to bundle the layers")
    deployment.prepare()
    outputs = deployment.deploy()
    _say(f"deployed in {time.monotonic() - began:.0f} s")
    token = deployment.sign_in(deployment.sign_up(_TENANT, "analyst"))
    base = f"{deployment.aws.endpoint}/_aws/execute-api/{outputs.api_id}/$default"
    _say(f"""
  In another terminal, as an analyst of the tenant '{_TENANT}':

  export API='{base}'
  export TOKEN={token}

  curl -s "$API/v1/scenarios" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{_SCENARIO}'
  ID=…     # the id you were given
  curl -s -X POST "$API/v1/scenarios/$ID/run" -H "Authorization: Bearer $TOKEN"
  RUN=…    # the id of the run
  curl -s "$API/v1/scenarios/$ID/runs/$RUN" -H "Authorization: Bearer $TOKEN"           # until SUCCEEDED
  curl -s "$API/v1/scenarios/$ID/metrics/latest" -H "Authorization: Bearer $TOKEN"

  The emulated AWS answers the aws command line too:
  export AWS_ENDPOINT_URL={deployment.aws.endpoint} AWS_REGION={deployment.region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws lambda list-functions --query 'Functions[].FunctionName'
""")
    if not once:
        _say("Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            signal.pause()
    _say("destroying, which takes a few seconds")
    deployment.destroy()
    _say("nothing is left")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is for


if __name__ == "__main__":
    main()
