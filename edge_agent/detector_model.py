"""Whether the detector's model file is the one that was approved; blocking."""

import hashlib
from pathlib import Path


def find_fault(model_file: Path, sha256: str) -> str | None:
    """Return what is wrong with a model file and what to do, None if nothing is."""
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
    return None
