"""The settings of the series: strict, each fault with what would be right; nothing starts before."""

import pytest

from contracts.telemetry import Metric
from ioc.settings import SettingsError, load
from ioc.timeseries import Resolution, SeriesRefused, SeriesUnavailable, probe_series
from tests.fakes import influxdb
from tests.ioc.timeseries.conftest import influx_settings

COMMUNE = "data_dir: var\ncommune: {name: Xã Sảng Mộc}\nareas: [{id: xa, name: Xã}]\n"


def write(folder, series: str):
    """Return a settings file with this value for `series`."""
    path = folder / "centre.yaml"
    path.write_text(f"{COMMUNE}series: {series}\n", encoding="utf-8")
    return path


def test_without_any_it_is_the_file_beside_the_database(tmp_path):
    """Raw points five weeks, means for years."""
    (tmp_path / "centre.yaml").write_text(COMMUNE)
    settings = load(tmp_path / "centre.yaml").series
    assert settings.store == "sqlite"
    assert [settings.kept.days(r) for r in Resolution] == [35, 190, 1_900, 36_500]


def test_paths_begin_at_the_file_s_folder(tmp_path):
    """As all others."""
    path = write(
        tmp_path,
        "{store: victoriametrics, url: 'https://so.example:8428', token_file: t, tls_ca_file: ca}",
    )
    settings = load(path).series
    assert (settings.token_file, settings.tls_ca_file) == (tmp_path / "t", tmp_path / "ca")


def test_a_series_may_be_kept_otherwise(tmp_path):
    """Named by its metric."""
    path = write(tmp_path, "{kept_by_metric: {motion_s: {raw_days: 100}}}")
    settings = load(path).series
    assert settings.kept_of(Metric.MOTION_S).raw_days == 100
    assert settings.kept_of(Metric.CAMERA_FPS).raw_days == 35


@pytest.mark.parametrize(
    ("series", "sentence"),
    [
        ("{stor: sqlite}", "did you mean 'store'?"),
        ("{store: prometheus}", "'influxdb' or 'victoriametrics'"),
        ("{store: sqlite, url: 'http://127.0.0.1:1'}", "leave out url"),
        ("{store: victoriametrics}", "needs url"),
        ("{store: influxdb, url: 'https://a'}", "needs token_file, org, bucket"),
        ("{store: victoriametrics, url: 'http://10.0.0.1:8428'}", "must begin with https://"),
        ("{store: victoriametrics, url: 'https://me:word@a'}", "url"),
        ("{store: victoriametrics, url: 'https://a', measurement: 'a b'}", "measurement"),
        ("{store: victoriametrics, url: 'https://a', backlog_mb: 1}", "backlog_mb"),
        ("{store: victoriametrics, url: 'https://a', kept: {raw_days: 3}}", "own retention"),
        ("{kept: {raw_days: 200}}", "raw_days ≤ minute_days"),
        ("{kept: {raw_days: 0}}", "raw_days"),
        ("{kept_by_metric: {sharpnes: {raw_days: 3}}}", "sharpnes"),
        ("sqlite", "series"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, series, sentence):
    """And with what would be right."""
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path, series))
    assert sentence in str(refused.value)
    assert "centre.yaml:4" in str(refused.value)


async def test_the_check_asks_the_server(tmp_path):
    """Before the centre is started with it."""
    async with influxdb.serve_influxdb() as server:
        settings = influx_settings(tmp_path, server.url)
        await probe_series(settings)
        with pytest.raises(SeriesRefused, match="bucket"):
            await probe_series(settings.model_copy(update={"bucket": "other"}))
    with pytest.raises(SeriesUnavailable, match="does not answer"):
        await probe_series(settings)
