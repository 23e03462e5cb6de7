"""Runs MiniStack with its queues and tables saved every second; executed by MiniStack's own Python.

MiniStack writes S3 objects to disk as they come, but queues and tables only at an orderly shutdown. Here a
thread saves those two as they change, so that killing the process loses at most the last moments. It also
ends the process when its parent is gone, where the kernel cannot do that.
"""

from __future__ import annotations

import importlib
import os
import threading
import time

_SAVED = ("sqs", "dynamodb")
_EVERY = 1.0
# Saving takes time in proportion to what is stored; it may not take more than this share of a core.
_SHARE = 0.05


def _save_changes(parent: int) -> None:
    persistence = importlib.import_module("ministack.core.persistence")
    last = dict.fromkeys(_SAVED, "")
    pause = _EVERY
    while True:
        time.sleep(pause)
        if os.getppid() != parent:
            os._exit(0)
        began = time.thread_time()
        for name in _SAVED if persistence.PERSIST_STATE else ():
            service = importlib.import_module(f"ministack.services.{name}")
            try:
                state = service.get_state()
            except RuntimeError:
                continue  # a store changed while it was copied; the next turn gets it
            if (now := repr(state)) != last[name]:
                persistence.save_state(name, state)
                last[name] = now
        pause = max(_EVERY, (time.thread_time() - began) / _SHARE)


if __name__ == "__main__":
    # Queues are stored under URLs with the port in them: a fixed one, so that they are found after a start at
    # another port. Requests are answered with the port they came to.
    port = os.environ.pop("GATEWAY_PORT")
    importlib.import_module("ministack.services.sqs")
    os.environ["GATEWAY_PORT"] = port
    threading.Thread(target=_save_changes, args=(os.getppid(),), daemon=True).start()
    importlib.import_module("ministack.app").main()
