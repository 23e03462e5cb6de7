"""One execution environment: a process under `awslambdaric` and the Lambda Runtime API it talks to.

The API is the one that AWS documents for custom runtimes (2018-06-01: next, response, error, init/error).
Each environment listens on a port of its own, as each does on Lambda, so a process is known by the port it
calls. One invocation at a time; at the function's timeout the process is killed; a process that ends in the
middle of an invocation makes it fail as `Runtime.ExitError`. Between invocations the process is frozen, so
nothing of a function runs in the background that would not on Lambda. It may write to a `/tmp` of its own alone, and is
ended without a signal that it could catch: so Lambda ends the environments of functions without extensions.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from functions.declaration import Function
from local import lineage, model_layers, processes
from local.confinement import Confinement, entering

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "000000000000"
# What Lambda accepts and returns in a synchronous invocation.
MAX_PAYLOAD = 6 * 1024 * 1024
# Lambda allows ten seconds; a laptop that compiles bytecode for the first time may need more.
INIT_TIMEOUT = 60.0
# Where the kernel does not end children with their parent, a frozen one would stay for ever.
_FREEZES = sys.platform == "linux"
_LONGEST_LINE = 256 * 1024

LogLine = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to. `error` is None or the `X-Amz-Function-Error` of the answer."""

    request_id: str
    payload: bytes
    error: str | None = None

    @classmethod
    def failed(cls, request_id: str, error_type: str, message: str) -> Outcome:
        text = f"RequestId: {request_id} Error: {message}"
        return cls(
            request_id, json.dumps({"errorType": error_type, "errorMessage": text}).encode(), "Unhandled"
        )


@dataclass
class _Invocation:
    request_id: str
    event: bytes
    trace: str
    deadline_ms: int
    done: asyncio.Future[Outcome]


def function_arn(name: str, region: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"


class Environment:
    """An environment of `function`, started with `variables` beside those that Lambda itself sets.

    Its process may write to its own temporary directory, which is made in `scratch`, and to those of `writable`.
    """

    def __init__(
        self,
        function: Function,
        variables: Mapping[str, str],
        log: LogLine,
        *,
        scratch: Path | None = None,
        writable: Sequence[Path] = (),
    ) -> None:
        self.function = function
        self._variables = dict(variables)
        self._scratch = scratch
        self._writable = writable
        self._own_tmp: Path | None = None
        self._region = variables.get("AWS_REGION", "us-east-1")
        self._log = log
        self._waiting: asyncio.Queue[_Invocation | None] = asyncio.Queue()
        self._current: _Invocation | None = None
        self._ready = asyncio.Event()
        self._init_error: Outcome | None = None
        self._killed = False
        self._process: asyncio.subprocess.Process | None = None
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # Life ---------------------------------------------------------------------------------------------

    async def start(self) -> Outcome | None:
        """Starts the process; returns when it asks for its first event, or with the failure of its init."""
        began = time.monotonic()
        port = await self._listen()
        self._own_tmp = Path(tempfile.mkdtemp(prefix=f"{self.function.name}-", dir=self._scratch))
        confinement = Confinement([self._own_tmp, *self._writable])
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "awslambdaric", self.function.handler),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment(port, self._own_tmp),
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=entering(processes.end_with_parent(signal.SIGKILL), confinement.enter),
            )
        finally:
            confinement.close()
        self._tasks = [asyncio.create_task(self._read_log()), asyncio.create_task(self._watch())]
        try:
            await asyncio.wait_for(self._ready.wait(), INIT_TIMEOUT)
        except TimeoutError:
            self.kill()
            message = f"Init did not finish within {INIT_TIMEOUT:.0f} s"
            return Outcome.failed(str(uuid.uuid4()), "Sandbox.Timedout", message)
        if self._init_error is None:
            self._log(f"INIT_START Duration: {(time.monotonic() - began) * 1000:.0f} ms")
        return self._init_error

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        if self._process is None or self._killed or self._init_error is not None:
            return False
        return self._process.returncode is None

    @property
    def busy(self) -> bool:
        return self._current is not None or not self._waiting.empty()

    def kill(self) -> None:
        self._killed = True  # the kernel takes a moment to tell
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def _signal(self, what: signal.Signals) -> None:
        if _FREEZES and self._process is not None and self._process.returncode is None:
            self._process.send_signal(what)

    async def stop(self) -> None:
        """Ends the process, as Lambda ends one it no longer needs, and the API."""
        if self._process is not None:
            self.kill()
            await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Lets go of a `next` that the process was waiting in.
        self._waiting.put_nowait(None)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._own_tmp is not None:
            shutil.rmtree(self._own_tmp, ignore_errors=True)

    async def invoke(self, event: bytes, trace: str | None = None) -> Outcome:
        """Runs one invocation to its end; never raises for what the function does. `trace` is its trace header."""
        request_id = str(uuid.uuid4())
        timeout = self.function.timeout
        invocation = _Invocation(
            request_id,
            event,
            trace or lineage.follow(None, self.function),
            int((time.time() + timeout) * 1000),
            asyncio.get_running_loop().create_future(),
        )
        began = time.monotonic()
        self._log(f"START RequestId: {request_id} Version: $LATEST")
        if self.alive:
            self._waiting.put_nowait(invocation)
            self._current = invocation
        else:
            self._fail_exited(invocation)
        try:
            outcome = await asyncio.wait_for(asyncio.shield(invocation.done), timeout)
        except TimeoutError:
            self.kill()
            outcome = Outcome.failed(
                request_id, "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"
            )
            self._log(f"{request_id} Task timed out after {timeout:.2f} seconds")
        self._current = None
        self._log(f"REPORT RequestId: {request_id} Duration: {(time.monotonic() - began) * 1000:.2f} ms")
        return outcome

    # The process --------------------------------------------------------------------------------------

    def _environment(self, port: int, own_tmp: Path) -> dict[str, str]:
        name = self.function.name
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        layers = [folder / "python" for folder in model_layers.given()] if self.function.models else []
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            # As Lambda has it: there is no such directory, and so no file of the user's that the code could read.
            "HOME": "/home/sbx_user1051",
            "TMPDIR": str(own_tmp),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *layers))),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._variables,
            "_HANDLER": self.function.handler,
            "AWS_LAMBDA_RUNTIME_API": f"{processes.LOOPBACK}:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": time.strftime("%Y/%m/%d/[$LATEST]") + uuid.uuid4().hex,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{version}",
            "LAMBDA_TASK_ROOT": str(ROOT),
        }

    async def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        rest = b""
        while chunk := await self._process.stdout.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                # The runtime ends a record with a carriage return where it spans lines.
                for part in line.decode(errors="replace").split("\r"):
                    self._log(part)
        if rest:
            self._log(rest.decode(errors="replace"))

    async def _watch(self) -> None:
        assert self._process is not None
        await self._process.wait()
        if self._current is not None:
            self._fail_exited(self._current)
        if not self._ready.is_set():
            self._init_error = self._init_error or Outcome.failed(
                str(uuid.uuid4()), "Runtime.ExitError", f"Runtime exited during init: {self._exit_status()}"
            )
            self._ready.set()

    def _exit_status(self) -> str:
        code = self._process.returncode if self._process else None
        if code is not None and code < 0:
            return f"signal: {signal.Signals(-code).name}"
        return f"exit status {code}"

    def _fail_exited(self, invocation: _Invocation) -> None:
        if not invocation.done.done():
            message = f"Runtime exited with error: {self._exit_status()}"
            invocation.done.set_result(Outcome.failed(invocation.request_id, "Runtime.ExitError", message))

    # The Runtime API ----------------------------------------------------------------------------------

    async def _listen(self) -> int:
        app = web.Application(client_max_size=2 * MAX_PAYLOAD)
        base = "/2018-06-01/runtime"
        app.router.add_get(f"{base}/invocation/next", self._next)
        app.router.add_post(f"{base}/invocation/{{id}}/response", self._response)
        app.router.add_post(f"{base}/invocation/{{id}}/error", self._error)
        app.router.add_post(f"{base}/init/error", self._failed_init)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, processes.LOOPBACK, 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _next(self, _: web.Request) -> web.Response:
        self._ready.set()
        if self._waiting.empty():
            self._signal(signal.SIGSTOP)
        invocation = await self._waiting.get()
        if invocation is None:
            raise web.HTTPGone
        self._signal(signal.SIGCONT)
        return web.Response(
            body=invocation.event,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": function_arn(self.function.name, self._region),
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    async def _response(self, request: web.Request) -> web.Response:
        body = await request.read()
        request_id = request.match_info["id"]
        if len(body) > MAX_PAYLOAD:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
            error_type = "Function.ResponseSizeTooLarge"
            return self._settle(request_id, Outcome.failed(request_id, error_type, message), status=413)
        return self._settle(request_id, Outcome(request_id, body))

    async def _error(self, request: web.Request) -> web.Response:
        request_id = request.match_info["id"]
        return self._settle(request_id, Outcome(request_id, await request.read(), "Unhandled"))

    async def _failed_init(self, request: web.Request) -> web.Response:
        self._init_error = Outcome(str(uuid.uuid4()), await request.read(), "Unhandled")
        self._ready.set()
        return web.json_response({"status": "OK"}, status=202)

    def _settle(self, request_id: str, outcome: Outcome, status: int = 202) -> web.Response:
        invocation = self._current
        if invocation is None or invocation.request_id != request_id:
            problem = {
                "errorType": "InvalidRequestID",
                "errorMessage": f"no invocation {request_id} is under way",
            }
            return web.json_response(problem, status=400)
        if not invocation.done.done():
            invocation.done.set_result(outcome)
        return web.json_response({"status": "OK"}, status=status)
