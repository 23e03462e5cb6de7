"""How long results wait to be published, which an alarm watches."""

from __future__ import annotations

from sextant.outputs import repository
from sextant.storage import ALL_TENANTS
from tests.integration.main_job.conftest import MainJob


def waited(job: MainJob) -> float:
    return job.platform.run(ALL_TENANTS, repository.waiting_seconds)


def test_the_oldest_result_that_waits_is_told_until_it_is_published(main_job: MainJob) -> None:
    assert waited(main_job) == 0

    run = main_job.request(main_job.scenario()).id
    main_job.work(run)
    main_job.sql("UPDATE output_file SET created_at = created_at - interval '90 seconds'")
    assert 90 <= waited(main_job) < 120

    main_job.commit()
    assert waited(main_job) == 0
