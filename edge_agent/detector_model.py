"""Whether the detector can be used, its model file the one that was approved; blocking."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

_RUNTIME = "onnxruntime"


def find_fault(model_file: Path, sha256: str) -> str | None:
    """Return what keeps a model from being used and what to do, None if nothing does."""
    try:
        with model_file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"there is no file {model_file}; copy the model there, or leave detector out"
    except OSError as error:
        return f"{model_file} cannot be read ({error.strerror}); let this user read it"
    if found != sha256:
        return (
            f"{model_file} has the SHA-256 {found}, not the one given; fetch the approved model,"
            " or approve this one by giving its hash"
        )
    if find_spec(_RUNTIME) is None:
        return (
            f"the package {_RUNTIME} is not installed, without which no model can be asked;"
            " pip install --require-hashes -r requirements-detector.lock, or leave detector out"
        )
    return None
