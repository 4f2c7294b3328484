"""Schemathesis, a program of its own, over the OpenAPI document of a running centre."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.ioc.web.openapi.furnished import Caller, Ids, Served

SEED = 20_260_105
_HOOKS = Path(__file__).with_name("hooks.py")
_KNOWN_SHARE = 0.6
"""How often a parameter names something that is there; else it is made up."""
_IN_PATH = ("alarm_id", "broadcast_id", "talk_down_id", "rule_id", "language", "contact_id")
_IN_PATH += ("notification_id", "template_id", "number")
_IN_BODY = ("gateway_id", "device_id", "camera_id", "object_id", "audio_sha256", "template_id")
_IN_BODY += ("alarm_id", "area_id", "login")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is tried: per operation, or for a time."""

    examples: int = 3
    phases: tuple[str, ...] = ("fuzzing",)
    max_time_s: int | None = None
    seed: int = SEED


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Schemathesis says, with every failure and how to repeat it."""

    passed: bool
    report: str


async def fuzz(served: Served, caller: Caller, folder: Path, effort: Effort) -> Outcome:
    """Send what the document allows and what it forbids; compare every answer with it."""
    document = folder / "openapi.json"
    async with served.caller("quantri") as admin:
        document.write_text((await admin.http.get("/api/openapi.json")).text)
    settings = folder / "schemathesis.toml"
    settings.write_text(_settings(served, caller, effort))
    options = [f"--url={served.url}", f"--seed={effort.seed}", f"--max-examples={effort.examples}"]
    options += [f"--phases={','.join(effort.phases)}", "--continue-on-failure", "--warnings=off"]
    options += ["--request-timeout=60"]
    options += [f"--max-time={effort.max_time_s}"] if effort.max_time_s else ["--no-shrink"]
    command = ["-m", "schemathesis.cli", f"--config-file={settings}", "run", str(document)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *options,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Outcome(passed=process.returncode == 0, report=said.decode("utf-8", "replace"))


def _settings(served: Served, caller: Caller, effort: Effort) -> str:
    known: Ids = {}
    for ids in served.ids.values():
        for name, values in ids.items():
            known.setdefault(name, []).extend(values)
    known["sha256"] = known["sha256"] + known["audio_sha256"] + known["recording"]
    known["number"] = known["shift"] + known["handover"]
    known["area_id"], known["login"] = ["xa", "ban-chuong", "na-lay"], ["truc", "truongxom"]
    lines = [f"hooks = {json.dumps(str(_HOOKS))}"]
    lines += ["[generation]", f"deterministic = {json.dumps(effort.max_time_s is None)}"]
    lines += ["unique-inputs = true", 'database = "none"', "[checks]"]
    lines += ["[checks.positive_data_acceptance]", "enabled = false"]
    for scheme, value in caller.credentials.items():
        lines += [f"[auth.openapi.{scheme}]", f"api_key = {json.dumps(value)}"]
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines += ["[parameters]"]
    bound = [("path", name) for name in (*_IN_PATH, "sha256")]
    bound += [("query", name) for name in ("gateway_id", "device_id", "area_id", "key")]
    bound += [("body", name) for name in _IN_BODY]
    for where, name in bound:
        binding = f'{{dictionary = "{name}", probability = {_KNOWN_SHARE}}}'
        lines.append(f'"{where}.{name}" = {binding}')
    return "\n".join(lines) + "\n"
