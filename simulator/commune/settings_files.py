"""Writes the settings of every process into the data folder, anew at each start."""

import getpass
import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from simulator.commune import documents
from simulator.commune.certificate import describe_certificate
from simulator.commune.documents import Document
from simulator.commune.folder import Folder, write_private
from simulator.commune.options import Options

BROKER_TEMPLATE = Path(__file__).resolve().parents[2] / "config" / "mosquitto.conf"
_HEADER = "# Written at every start of `make run`: changes made here do not last.\n"


class SettingsFiles:
    """The files of one start and the address the centre will have."""

    def __init__(self, folder: Folder, ports: Mapping[str, int], options: Options) -> None:
        self._folder = folder
        self._ports = ports
        self._options = options
        self.centre = ("--config", folder.root / "centre.yaml")
        self.gateway = ("--config", folder.root / "gateway.yaml")
        certificate = options.tls_certificate
        self._certificate = describe_certificate(certificate) if certificate else None

    @property
    def address(self) -> str:
        """Where browsers find the centre."""
        if self._certificate is None:
            return f"http://127.0.0.1:{self._ports['web']}"
        return f"https://{self._certificate.far_name}:{self._ports['web']}"

    def write_centre(self) -> None:
        """Write what the control centre reads."""
        document = documents.centre_document(self._folder, self._ports, self._options)
        self._write_yaml("centre.yaml", document)

    def write_others(self, *, centre_public_key: str) -> None:
        """Write what the broker, the gateway and the simulated cameras read."""
        folder, ports, options = self._folder, self._ports, self._options
        centre: Document = {
            "url": self.near_address,
            "token_file": str(folder.secrets / "gateway-token"),
            "public_key": centre_public_key,
        }
        if self.own_authority is not None:
            centre["ca_file"] = str(self.own_authority)
        gateway = documents.gateway_document(folder, ports, options, centre=centre)
        self._write_yaml("gateway.yaml", gateway)
        if options.camera and options.camera.password:
            folder.write_secret("real-camera", options.camera.password)

        template = BROKER_TEMPLATE.read_text(encoding="utf-8")
        config = documents.mosquitto_config(template, folder, ports, running_user=getpass.getuser())
        write_private(folder.root / "mosquitto.conf", config)
        for camera in documents.simulated_cameras(options):
            password = (folder.secrets / camera.id).read_text(encoding="utf-8")
            settings = documents.camera_document(camera, ports, options, password=password)
            text = json.dumps(settings, ensure_ascii=False, indent=2)
            write_private(folder.devices / f"{camera.id}.json", text)

    @property
    def own_authority(self) -> Path | None:
        """The certificate that programs must be told to trust; None: no need."""
        vouches = self._certificate is not None and self._certificate.vouches_for_itself
        return self._options.tls_certificate if vouches else None

    @property
    def near_address(self) -> str:
        """Where programs on this machine find the centre."""
        if self._certificate is None:
            return self.address
        return f"https://{self._certificate.near_name}:{self._ports['web']}"

    def _write_yaml(self, name: str, document: Document) -> None:
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        write_private(self._folder.root / name, _HEADER + text)
