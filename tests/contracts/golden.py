"""The stored payloads of every kind: what gateways in the field have sent must decode for ever."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.commands import key_id_of
from contracts.topics import Address

FOLDER = Path(__file__).parents[1] / "golden" / "contracts"
ADDRESS = Address.of("sang-moc", "tu-ban-chuong")
# Signs only the golden commands; any bytes would do.
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
KEYS = {key_id_of(_KEY): _KEY}


def paths(room: str) -> list[Path]:
    """Return the golden files below a folder."""
    found = sorted((FOLDER / room).rglob("*.json"))
    assert found, f"no golden files in {room}"
    return found


def name_of(path: Path) -> str:
    """Return how a test names a golden file."""
    return str(path.relative_to(FOLDER))
