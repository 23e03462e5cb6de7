"""Athena for large exports, where the configuration asks for it, and nothing of it where it does not."""

from __future__ import annotations

import json

from tests.infra.conftest import Assembly, listed


def test_what_a_query_may_read_is_bounded_and_its_result_encrypted_whatever_it_asks_for(
    prod: Assembly,
) -> None:
    workgroup = prod.one("AWS::Athena::WorkGroup").properties
    settings = workgroup["WorkGroupConfiguration"]

    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 25 * 1024**3
    result = settings["ResultConfiguration"]
    assert result["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
    # Results lie where objects go after a day.
    assert "/warehouse/exports/athena/" in json.dumps(result["OutputLocation"])


def test_one_function_asks_athena_and_one_looks_and_in_this_workgroup_alone(prod: Assembly) -> None:
    name = prod.one("AWS::Athena::WorkGroup").properties["Name"]
    rights: dict[str, dict[str, list[str]]] = {}
    for function in prod.all("AWS::Lambda::Function"):
        if "Role" not in function.properties or "Fn::GetAtt" not in function.properties["Role"]:
            continue
        for statement in prod.statements_of(function):
            actions = [action for action in listed(statement["Action"]) if action.startswith("athena:")]
            if actions:
                of_function = rights.setdefault(function.properties["FunctionName"], {})
                of_function[json.dumps(statement["Resource"]).rpartition(":")[2]] = sorted(actions)
    workgroup = f'workgroup/{name}"]]}}'
    assert rights == {
        "sextant-prod-outputs-api": {
            workgroup: [f"athena:{verb}QueryExecution" for verb in ("Get", "Start", "Stop")],
            # Else each query fails: it names a table, and the table's catalogue is a resource of Athena's.
            'datacatalog/AwsDataCatalog"]]}': ["athena:GetDataCatalog"],
        },
        "sextant-prod-run-recovery": {workgroup: ["athena:GetQueryExecution"]},
    }

    for asker in ("outputs-api", "run-recovery"):
        variables = prod.function(asker).properties["Environment"]["Variables"]
        assert variables["SEXTANT_EXPORT_ENGINE"] == "athena"
        assert variables["SEXTANT_ATHENA_WORKGROUP"] == name
        assert variables["SEXTANT_EXPORT_ATHENA_ROWS"] == "500000"


def test_the_function_reaches_athena_from_its_network(prod: Assembly) -> None:
    services = [json.dumps(one.properties["ServiceName"]) for one in prod.all("AWS::EC2::VPCEndpoint")]
    assert sum("athena" in service for service in services) == 1


def test_without_it_there_is_nothing_of_it(dev: Assembly) -> None:
    assert not dev.all("AWS::Athena::WorkGroup")
    assert "athena" not in json.dumps(dev.templates)
