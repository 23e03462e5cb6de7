"""The four endpoints of the benchmark in FastAPI, SQLAlchemy 2 and Mangum, on the same tables and policies.

It validates with the same pydantic models, keeps the same constraints and answers the same fields. What it
does in several statements, ours does in one; that is the difference being measured.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from mangum import Mangum
from sqlalchemy import DateTime, ForeignKeyConstraint, String, Text, create_engine, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from sextant.canonical import canonical
from sextant.ids import new_id
from sextant.runs.options import RunOptions
from sextant.scenarios.documents import ScenarioDocument

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"),
    pool_size=1,
    pool_pre_ping=False,
)
sessions = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[str]: ARRAY(String)}  # noqa: RUF012


class Scenario(Base):
    __tablename__ = "scenario"
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    assumptions: Mapped[str] = mapped_column(Text)
    parameters: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    deleted_at: Mapped[datetime | None]


class Run(Base):
    __tablename__ = "scenario_run"
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    scenario_id: Mapped[UUID]
    scenario_version: Mapped[int]
    state: Mapped[str] = mapped_column(default="QUEUED")
    priority: Mapped[str]
    version_hash: Mapped[str]
    parameters: Mapped[str] = mapped_column(Text)
    code_version: Mapped[str]
    environment: Mapped[str]
    seed: Mapped[int]
    timeout_minutes: Mapped[int]
    max_retries: Mapped[int]
    request_hash: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=0)
    progress_percent: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None]
    gb_seconds: Mapped[float] = mapped_column(default=0.0)
    output_rows: Mapped[int | None]
    output_bytes: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "scenario_id"], ["scenario.tenant_id", "scenario.id"]),
    )


SHOWN = [
    column.key
    for column in Run.__mapper__.column_attrs
    if column.key not in ("tenant_id", "request_hash", "parameters")
]


def tenant_of(request: Request) -> str:
    claims = request.scope["aws.event"]["requestContext"]["authorizer"]["jwt"]["claims"]
    return str(claims["tenant_id"])


def session_of(tenant: str) -> Session:
    """A session of the tenant, whose request was counted against its rate limit as ours are."""
    session = sessions()
    admitted = session.execute(
        text("SELECT admitted FROM admit_request(:tenant, ARRAY['scenarios', 'all'])"), {"tenant": tenant}
    ).scalar_one()
    session.commit()
    if not admitted:
        raise HTTPException(429)
    session.execute(text("SELECT enter_tenant(:tenant)"), {"tenant": tenant})
    return session


def shown(run: Run) -> dict[str, Any]:
    return {**{name: getattr(run, name) for name in SHOWN}, "parameters": json.loads(run.parameters)}


@app.post("/v1/scenarios", status_code=201)
def create_scenario(document: ScenarioDocument, tenant: str = Depends(tenant_of)) -> dict[str, Any]:
    values, now, identifier = document.values(), datetime.now(UTC), new_id()
    with session_of(tenant) as session:
        scenario = Scenario(
            tenant_id=tenant,
            id=identifier,
            name=document.name,
            description=document.description,
            status=document.status,
            assumptions=values["assumptions"],
            parameters=values["parameters"],
            tags=document.tags,
            created_at=now,
            created_by="ana",
            updated_at=now,
            updated_by="ana",
        )
        session.add(scenario)
        session.flush()
        session.execute(
            text(
                "INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions,"
                " parameters, tags, changed_by) VALUES (:t, :i, 1, tstzrange(:now, NULL), :name, :d, :s, :a, :p, :tags, 'ana')"
            ),
            {
                "t": tenant,
                "i": identifier,
                "now": now,
                "name": document.name,
                "d": document.description,
                "s": document.status,
                "a": values["assumptions"],
                "p": values["parameters"],
                "tags": document.tags,
            },
        )
        session.execute(
            text(
                "INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor) VALUES (:t, :i, 'SCENARIO_CREATED', 'ana')"
            ),
            {"t": tenant, "i": identifier},
        )
        session.commit()
        return {
            "data": {
                "id": identifier,
                "version": 1,
                "name": scenario.name,
                "description": scenario.description,
                "status": scenario.status,
                "assumptions": json.loads(scenario.assumptions),
                "parameters": json.loads(scenario.parameters),
                "tags": scenario.tags,
                "created_at": now,
                "updated_at": now,
            }
        }


@app.post("/v1/scenarios/{scenario_id}/run", status_code=202)
def request_run(
    scenario_id: UUID, options: RunOptions | None = None, tenant: str = Depends(tenant_of)
) -> dict[str, Any]:
    options = options or RunOptions()
    with session_of(tenant) as session:
        scenario = session.scalars(
            select(Scenario)
            .where(Scenario.tenant_id == tenant, Scenario.id == scenario_id, Scenario.deleted_at.is_(None))
            .with_for_update(read=True)
        ).first()
        if scenario is None:
            raise HTTPException(404)
        parameters = {**json.loads(scenario.parameters), **json.loads(options.canonical_parameters())}
        version_hash = hashlib.sha256(
            canonical(
                {
                    "tenant_id": tenant,
                    "scenario_id": str(scenario_id),
                    "scenario_version": scenario.version,
                    "assumptions": json.loads(scenario.assumptions),
                    "parameters": parameters,
                    "environment": options.environment,
                    "code_version": "1",
                    "seed": options.seed,
                }
            ).encode()
        ).hexdigest()
        existing = session.scalars(
            select(Run).where(
                Run.tenant_id == tenant,
                Run.scenario_id == scenario_id,
                Run.version_hash == version_hash,
                Run.state.in_(("QUEUED", "RUNNING", "SUCCEEDED")),
            )
        ).first()
        if existing is not None:
            return {"data": shown(existing)}
        run = Run(
            tenant_id=tenant,
            id=new_id(),
            scenario_id=scenario_id,
            scenario_version=scenario.version,
            priority=options.priority,
            version_hash=version_hash,
            parameters=canonical(parameters),
            code_version="1",
            environment=options.environment,
            seed=options.seed,
            timeout_minutes=options.timeout_minutes,
            max_retries=options.retries,
            request_hash=options.request_hash(scenario_id),  # type: ignore[arg-type]
            created_at=datetime.now(UTC),
            created_by="ana",
        )
        session.add(run)
        session.flush()
        session.execute(
            text("SELECT outbox_enqueue(:t, 'run.requested', :k, CAST(:p AS jsonb))"),
            {
                "t": tenant,
                "k": f"run:{run.id}:0",
                "p": json.dumps({"run_id": str(run.id), "tenant_id": tenant}),
            },
        )
        session.execute(
            text(
                "INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor)"
                " VALUES (:t, :s, :r, 'RUN_REQUESTED', 'ana')"
            ),
            {"t": tenant, "s": scenario_id, "r": run.id},
        )
        session.commit()
        return {"data": shown(run)}


@app.get("/v1/scenarios/{scenario_id}/runs/{run_id}")
def get_run(scenario_id: UUID, run_id: UUID, tenant: str = Depends(tenant_of)) -> dict[str, Any]:
    with session_of(tenant) as session:
        run = session.scalars(
            select(Run).where(Run.tenant_id == tenant, Run.id == run_id, Run.scenario_id == scenario_id)
        ).first()
        if run is None:
            raise HTTPException(404)
        return {"data": shown(run)}


@app.get("/v1/scenarios/{scenario_id}/runs")
def list_runs(scenario_id: UUID, limit: int = 20, tenant: str = Depends(tenant_of)) -> dict[str, Any]:
    with session_of(tenant) as session:
        runs = session.scalars(
            select(Run)
            .where(Run.tenant_id == tenant, Run.scenario_id == scenario_id)
            .order_by(Run.id.desc())
            .limit(limit + 1)
        ).all()
        return {"data": [shown(run) for run in runs[:limit]]}


handler = Mangum(app, lifespan="off")
