"""Messages as systems write them, in the groups that a person would make of them: one group, one incident."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "ULID": (
        "job 01ARZ3NDEKTSV4RRFFQ69G5FAV could not be written",
        "job 01BX5ZZKBKACTAV9WEVGEMMVRZ could not be written",
        "job 01hgw2bbg0000000000000000x could not be written",
    ),
    "our request ids": (
        "upstream refused request JKJaXmPLvHcESHA= of the console",
        "upstream refused request JKJbdiqhPHcEJ9Q= of the console",
        "upstream refused request KmnXyzAbcDefGhI= of the console",
    ),
    "UUID": (
        "no row of 3f2b8c1e-9a77-4f1c-8d0e-2b6f5a9c7e11",
        "no row of 9D0E2B6F-1C77-4F1C-9A77-3F2B8C1E5A9C",
    ),
    "base64": (
        "bad token AgEHqF8s0pQ+xYkd2Lw9Zm3T== in the header",
        "bad token Zk3Lw9Tq0pRsAb+xY7dQmEh1== in the header",
    ),
    "base64, of URLs": (
        "cursor dGhpcy1pc_LWE0dG9rZW4x is no longer known",
        "cursor Zm9vYmFyMTIz-Jhei9xdXV4 is no longer known",
    ),
    "S3": (
        "SlowDown (RequestId: WYQXJ1H3K9A1B2C3, HostId: Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg+Xb9=)",
        "SlowDown (RequestId: 4442587FB7D0A2F9, HostId: vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6q0=)",
    ),
    "S3, another": (
        "NoSuchKey (RequestId: WYQXJ1H3K9A1B2C3, HostId: Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg+Xb9=)",
    ),
    "pods": (
        "pod worker-7d9f8b6c5d-x2x9z was evicted",
        "pod worker-6b8c4f9d7f-xkcpd was evicted",
    ),
    "pods of another": ("pod relay-7d9f8b6c5d-x2x9z was evicted",),
    "instances": (
        "instance i-0abcd1234ef567890 is unreachable",
        "instance i-0fe98dcba76543210 is unreachable",
    ),
    "traces": (
        "trace 1-5759e988-bd862e3fe1be46a994272793 is too long",
        "trace 1-581cf771-a006649127e371903a2de979 is too long",
    ),
    "HTTP 404": ("GET failed: HTTP 404", "GET failed: HTTP 404"),
    "HTTP 503": ("GET failed: HTTP 503",),
    "HTTP/1.1 502": ("answered HTTP/1.1 502 after 31 ms", "answered HTTP/1.1 502 after 1204 ms"),
    "HTTP/1.1 504": ("answered HTTP/1.1 504 after 31 ms",),
    "status code 429": ("status code 429 for run 8a6e0804", "status code 429 for run 2bd0cf31"),
    "status code 500": ("status code 500 for run 8a6e0804",),
    "http_status=403": (
        "vendor feed: http_status=403 (attempt 1)",
        "vendor feed: http_status=403 (attempt 2)",
    ),
    "http_status=401": ("vendor feed: http_status=401 (attempt 1)",),
    "statusCode: 503": ('{"statusCode": 503, "took": 12}', '{"statusCode": 503, "took": 7}'),
    "statusCode: 507": ('{"statusCode": 507, "took": 12}',),
    "exit code 137": (
        "solver ended with exit code 137 after 61 s",
        "solver ended with exit code 137 after 7 s",
    ),
    "exit code 1": ("solver ended with exit code 1 after 61 s",),
    "exit status 2": ("returned non-zero exit status 2",),
    "exit status 127": ("returned non-zero exit status 127",),
    "exited with code": ("process 4711 exited with code 3", "process 4712 exited with code 3"),
    "exited with another": ("process 4711 exited with code 4",),
    "no space": ("[Errno 28] No space left: /tmp/x81", "[Errno 28] No space left: /tmp/x82"),
    "too many files": ("[Errno 24] No space left: /tmp/x81",),
    "refused": ("errno: 111 at 10.0.0.7:5432", "errno: 111 at 10.0.0.9:5432"),
    "reset": ("errno: 104 at 10.0.0.7:5432",),
    "signal 9": ("killed by signal 9 after 40 s", "killed by signal 9 after 41 s"),
    "signal 15": ("killed by signal 15 after 40 s",),
    "no table": ("SQLSTATE 42P01 at character 15", "SQLSTATE 42P01 at character 93"),
    "no column": ("SQLSTATE 42703 at character 15",),
    "ORA": ("ORA-00942 at line 1", "ORA-00942 at line 12"),
    "ORA, another": ("ORA-01017 at line 1",),
    "class names": ("JSONDecodeError in BaselineReader2", "JSONDecodeError in BaselineReader3"),
    "another class": ("HTTPServerError in BaselineReader2",),
    "words with digits": ("sha256sum of utf8mb4 text differs", "sha256sum of utf8mb4 text differs"),
    "other words with digits": ("base64url of utf8mb4 text differs",),
    "percentages": ("status 45% of 300 rows", "status 62% of 17 rows"),
    "counts": ("exit after 300 seconds without word", "exit after 42 seconds without word"),
    "orders": ("order status 482134 unknown", "order status 9137750 unknown"),
    "rows": (
        "18 of 24 rows broken at 2027-01-02T03:04:05Z",
        "2 of 8784 rows broken at 2026-11-28T00:00:00+01:00",
    ),
    "users": ("no mailbox of ana@example.com", "no mailbox of bo.lee@mail.example.org"),
    "pages": ("https://a.example/x?y=1 is gone", "https://b.example/z is gone"),
}
