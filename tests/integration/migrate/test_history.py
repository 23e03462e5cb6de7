"""What databases were made by is never edited: the first migrations stay as they are, byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import migrations

SQL = Path(migrations.__file__).parent / "sql"

APPLIED = {
    "0001_core.down.sql": "ecde679dc92140f71e629813037ecc0361789117965309d79d29202ded812b7d",
    "0001_core.up.sql": "d153119643fead2eb34b08a13e160261a749fbad07e0efc4ab8a4943bc5aa09d",
    "0002_outbox.down.sql": "0afb4beaa6354161586e8d1a192f1f5181de7d23359fb7c7e4cdcb2494d44b06",
    "0002_outbox.up.sql": "b799dbfb1880c1c3ed19dff3f8e1871412df90256bdec75720755d4cb6d8a6f8",
    "0003_run_lifecycle.down.sql": "4fef1544f92a2312e341e19309e13c72c4a47afc37afa79c156b47340b632917",
    "0003_run_lifecycle.up.sql": "4086433e38e2524b4c14c23759358212d76ae881002fad781cbe28e86b5ca0d9",
    "0004_group_commit.down.sql": "41b476bd698dfe949c13f70c5ffe831a4faaa3d8009b476e6d16dc1ea9c135b9",
    "0004_group_commit.up.sql": "99c729f2b750f257be2cae4df6541f7d244344e1e8bdadf1b6009db6a0a465cb",
    "0005_operations.down.sql": "0ffc85d6c7964602d87fae06896ed6f37a3e01e35fa37814c2985263faa12917",
    "0005_operations.up.sql": "e051e1f51868e08ca15493aed33bfd3c5105881227daca1313aa3d3845aee4a4",
    "0006_platform.down.sql": "3b709e5a02cecf89ab142ca3ba7764ec6604e6d86597d0ca32919ae6844f7480",
    "0006_platform.up.sql": "c5ce31ac20f9032905b1dd7c499f7f9756a98b3e67f2fa3269308464921237e6",
    "0007_baselines.down.sql": "965fb21282e9559cb65f6ad6a6458dbc0ce45dc7d3377869b723d197217b36ba",
    "0007_baselines.up.sql": "2c10c9232ded6d7803a32fa543d8c0158d1d8632ef9abf6d5e49e82e5d03281d",
    "0008_scale_out.down.sql": "5ad98e476ae97160332bc418f95ad5b2286aaf4221f2df084d0c192157a09047",
    "0008_scale_out.up.sql": "eb377469e3216b10b6dcd605395928d29d9ca3db59f5d3851b9204a709b1b7fa",
    "0009_history.down.sql": "d1550857b538c7d6aea55c37ae1960b83ac8999d684f4752ddea318c41d8ed79",
    "0009_history.up.sql": "a89d4172afe0b1efa7229522955fdcafcef14d074a75e39491125205160a78df",
    "0010_journal.down.sql": "c4128e4cf717b065f435629e03c0717e4f39fcbfdac60e7ef1ea78a6c648c56b",
    "0010_journal.up.sql": "a9c07e422e2b9569a94c65ec4580dd1e33adfc171b1f28a4da3fa9083f6b1dba",
}


def test_applied_migrations_are_never_edited() -> None:
    files = [file for file in sorted(SQL.iterdir()) if file.name < "0011"]

    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == APPLIED
