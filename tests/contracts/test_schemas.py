"""The committed JSON Schemas are those of the models."""

from contracts.schemas import FOLDER, schemas, write


def test_the_schema_files_have_not_drifted():
    """After a change of the contract: `python -m contracts.schemas`, and read the difference."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == schemas(), "run: python -m contracts.schemas"


def test_writing_removes_what_is_gone(tmp_path):
    """The folder holds the present contract and nothing else."""
    (tmp_path / "event.old.v1.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(schemas())
