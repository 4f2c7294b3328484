"""The settings file: strict, and its faults are told with line, key and what would be right."""

import pytest

from ioc.settings import SettingsError, load

GOOD = """\
data_dir: var
commune: {name: Xã Thử}
areas:
  - {id: xa, name: Xã Thử}
  - {id: xom, name: Xóm Một, parent: xa}
"""


def write(tmp_path, text: str):
    """Return a settings file."""
    path = tmp_path / "centre.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_left_out_has_its_default(tmp_path):
    """Paths are relative to the file's folder."""
    settings = load(write(tmp_path, GOOD))
    assert settings.data_dir == tmp_path / "var"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert settings.commune.zone.key == "Asia/Ho_Chi_Minh"
    assert settings.broker_password_file == tmp_path / "var" / "broker" / "centre_password"
    assert settings.root_area_id == "xa"


@pytest.mark.parametrize(
    ("addition", "sentences"),
    [
        ("webb: {}\n", [":6: unknown key 'webb': did you mean 'web'?"]),
        ("web: {prot: 1}\n", [":6: unknown key 'web.prot': did you mean 'port'?"]),
        ("web:\n  port: 99999\n", [":7: web.port: "]),
        ("broker: {port: x}\nweb: {port: y}\n", [":6: broker.port: ", ":7: web.port: "]),
        ("zzz: 1\n", ["unknown key 'zzz': no setting has such a name"]),
        ("web: {host: 0.0.0.0}\n", [":6: web: host 0.0.0.0 can be reached", "tls_certificate"]),
        ("web: {tls_key: a}\n", ["belong together"]),
        ("data_dir: other\n", [":6: 'data_dir' stands here twice"]),
        ("broker: {host: 10.0.0.1}\n", ["tls_ca_file"]),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, addition, sentences):
    """All faults at once, each with what to do."""
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path, GOOD + addition))
    for sentence in sentences:
        assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("areas", "sentence"),
    [
        ("[{id: a, name: A}, {id: a, name: B, parent: a}]", "the same id"),
        ("[{id: a, name: A}, {id: b, name: B}]", "exactly one area has no parent"),
        ("[{id: a, name: A}, {id: b, name: B, parent: c}]", "'c' of 'b' is not among"),
        (
            "[{id: a, name: A}, {id: b, name: B, parent: c}, {id: c, name: C, parent: b}]",
            "lies in itself",
        ),
        ("[{id: A, name: A}]", "areas.0.id"),
    ],
)
def test_areas_form_one_tree(tmp_path, areas, sentence):
    """One commune, and every other area below it."""
    text = f"data_dir: var\ncommune: {{name: X}}\nareas: {areas}\n"
    with pytest.raises(SettingsError, match=sentence):
        load(write(tmp_path, text))


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "data_dir: !!python/object:os.system x\n"])
def test_what_is_no_settings_file_is_refused(tmp_path, text):
    """Also YAML that would run something."""
    with pytest.raises(SettingsError, match=r"centre\.yaml"):
        load(write(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    """It says which."""
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml")


def test_an_unknown_time_zone_is_refused(tmp_path):
    """And the usual one named."""
    text = GOOD.replace("{name: Xã Thử}", "{name: X, time_zone: Asia/Hanoi}", 1)
    with pytest.raises(SettingsError, match="Asia/Ho_Chi_Minh"):
        load(write(tmp_path, text))
