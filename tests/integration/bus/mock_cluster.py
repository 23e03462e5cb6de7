"""librdkafka's mock cluster: a Kafka broker that answers with the errors it is told to.

It comes with confluent-kafka, whose Python interface does not show it; so it is called through ctypes, by the
functions of librdkafka's rdkafka_mock.h. It speaks the protocol of Kafka 2.3.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

import confluent_kafka

API_VERSION = (2, 3)
PRODUCE = 0
INIT_PRODUCER_ID = 22

UNKNOWN = -1
LEADER_NOT_AVAILABLE = 5
NOT_LEADER = 6
REQUEST_TIMED_OUT = 7
MESSAGE_TOO_LARGE = 10
TOPIC_AUTHORIZATION_FAILED = 29
NOT_ENOUGH_REPLICAS = 19
INVALID_RECORD = 87
CLUSTER_AUTHORIZATION_FAILED = 31
TRANSPORT = -195
"""Not an answer: the broker closes the connection."""

_PRODUCER = 0


def _load() -> ctypes.CDLL:
    package = Path(confluent_kafka.__file__).parent
    for folder in (package.parent / "confluent_kafka.libs", package / ".dylibs"):
        for library in sorted(folder.glob("librdkafka*")):
            with suppress(OSError):
                return _typed(ctypes.CDLL(str(library)))
    raise RuntimeError(f"confluent-kafka at {package} carries no librdkafka")


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer = ctypes.c_void_p
    for name, result, *arguments in (
        ("rd_kafka_conf_new", pointer),
        (
            "rd_kafka_conf_set",
            ctypes.c_int,
            pointer,
            ctypes.c_char_p,
            ctypes.c_char_p,
            pointer,
            ctypes.c_size_t,
        ),
        ("rd_kafka_new", pointer, ctypes.c_int, pointer, pointer, ctypes.c_size_t),
        ("rd_kafka_destroy", None, pointer),
        ("rd_kafka_mock_cluster_new", pointer, pointer, ctypes.c_int),
        ("rd_kafka_mock_cluster_destroy", None, pointer),
        ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p, pointer),
        ("rd_kafka_mock_topic_create", ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_int, ctypes.c_int),
        ("rd_kafka_mock_push_request_errors_array", None, pointer, ctypes.c_int16, ctypes.c_size_t, pointer),
        ("rd_kafka_mock_topic_set_error", None, pointer, ctypes.c_char_p, ctypes.c_int),
        ("rd_kafka_mock_clear_request_errors", None, pointer, ctypes.c_int16),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


class MockCluster:
    """One broker and the topics given, with 2 partitions each."""

    def __init__(self, *topics: str) -> None:
        self._library = _load()
        config = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(config, b"log_level", b"0", None, 0)
        self._client = self._library.rd_kafka_new(_PRODUCER, config, None, 0)
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        for topic in topics:
            self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), 2, 1)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def answer(self, *errors: int, request: int = PRODUCE) -> None:
        """Answer the next requests of this kind with these errors, one each."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, request, len(errors), array)

    def describe(self, topic: str, error: int) -> None:
        """Give this error in metadata in place of the topic's partitions; 0 ends it."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), error)

    def clear(self, request: int = PRODUCE) -> None:
        """Forget the errors not given yet."""
        self._library.rd_kafka_mock_clear_request_errors(self._cluster, request)

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)
