"""A person at the console or the phone page: signs in, looks, listens, acts; by HTTP only."""

import json
import threading
from typing import Any

import httpx

from tests.scenarios.children import eventually


class Console:
    """One signed-in person."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=10)
        answer = self.http.post("/dang-nhap", data={"login": login, "password": password})
        assert answer.status_code == 303, answer.text
        self.me: dict[str, Any] = self.get("/api/me")
        self.http.headers["x-csrf-token"] = self.me["csrf_token"]

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON at a path."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: object = None) -> Any:
        """Act; return the JSON answer."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def alarms(self, **wanted: object) -> list[dict[str, Any]]:
        """Return the alarms whose fields have these values."""
        listed = self.get("/api/alarms", tab="all")["alarms"]
        return [a for a in listed if all(a[key] == value for key, value in wanted.items())]

    def wait_for_alarm(self, *, within_s: float, **wanted: object) -> dict[str, Any]:
        """Return the first alarm with these fields once it is there."""
        found = eventually(
            lambda: self.alarms(**wanted), within_s=within_s, what=f"an alarm {wanted}"
        )
        return found[0]

    def device(self, device_id: str) -> dict[str, Any] | None:
        """Return a device as the page shows it."""
        devices = self.get("/api/devices")["devices"]
        return next((d for d in devices if d["device_id"] == device_id), None)

    def speak(
        self,
        text: str,
        loudspeakers: list[tuple[str, str]],
        *,
        alarm_id: str | None = None,
        said_twice: bool = False,
        **more: object,
    ) -> dict[str, Any]:
        """Preview a text, hear it, and have it spoken; `more` goes into the order."""
        heard = self.post("/api/previews", {"text": text, "said_twice": said_twice})
        sound = self.http.get(f"/api/audio/{heard['audio_sha256']}")
        assert sound.status_code == 200
        body = {
            "text": heard["text"],
            "audio_sha256": heard["audio_sha256"],
            "loudspeakers": [
                {"gateway_id": gateway_id, "device_id": device_id}
                for gateway_id, device_id in loudspeakers
            ],
            "alarm_id": alarm_id,
            **more,
        }
        ordered: dict[str, Any] = self.post("/api/broadcasts", body)
        return ordered

    def states(self, broadcast_id: str) -> dict[str, str]:
        """Return how far each loudspeaker has come."""
        deliveries = self.get(f"/api/broadcasts/{broadcast_id}")["deliveries"]
        return {each["device_id"]: each["state"] for each in deliveries}

    def wait_until_proven(self, broadcast_id: str, *, within_s: float) -> dict[str, str]:
        """Return the final state of every loudspeaker."""

        def look() -> dict[str, str]:
            deliveries = self.get(f"/api/broadcasts/{broadcast_id}")["deliveries"]
            final = all(each["final"] for each in deliveries)
            return {d["device_id"]: d["state"] for d in deliveries} if final else {}

        return eventually(look, within_s=within_s, what=f"proof of {broadcast_id}")

    def close(self) -> None:
        """Leave the page open no longer."""
        self.http.close()


class LivePage:
    """An open console page: collects what the server-sent events say has changed."""

    def __init__(self, console: Console) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._leaving = threading.Event()
        self._cookies = dict(console.http.cookies)
        self._address = str(console.http.base_url)
        self._thread = threading.Thread(target=self._listen, name="live page", daemon=True)
        self._thread.start()

    def told_of(self, subject: str, subject_id: str) -> bool:
        """Tell whether the page has learnt of a change."""
        return (subject, subject_id) in self._seen

    def close(self) -> None:
        """Close the page."""
        self._leaving.set()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        with (
            httpx.Client(base_url=self._address, cookies=self._cookies, timeout=10) as http,
            http.stream("GET", "/events") as answer,
        ):
            for line in answer.iter_lines():
                if self._leaving.is_set():
                    return
                if line.startswith("data:"):
                    changes = json.loads(line.removeprefix("data:"))
                    self._seen |= {(s, each) for s, ids in changes.items() for each in ids}
