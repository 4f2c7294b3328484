"""GStreamer's ONVIF RTSP server, run by the system's interpreter: writes what it hears to a file.

`python3 -I onvif_backchannel_child.py pcmu|pcma FILE [USER PASSWORD]`: prints its port, and ends
with its standard input. The file holds 16-bit samples, mono, 8 kHz.
"""

import os
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

CODECS = {
    "pcmu": ("PCMU", "rtppcmudepay", "mulawdec", 0),
    "pcma": ("PCMA", "rtppcmadepay", "alawdec", 8),
}


def main() -> None:
    codec, path, *account = sys.argv[1:]
    name, depay, decoder, payload_type = CODECS[codec]
    Gst.init(None)
    server = GstRtspServer.RTSPOnvifServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPOnvifMediaFactory()
    # Nobody sets the microphone's stream up; without the tee its source would fail for want of a
    # receiver, and now and then take the backchannel with it.
    factory.set_launch(
        "( audiotestsrc is-live=true wave=silence ! alawenc ! tee allow-not-linked=true"
        " ! rtppcmapay name=pay0 )"
    )
    factory.set_backchannel_launch(
        f'( capsfilter caps="application/x-rtp, media=audio, payload={payload_type},'
        f' clock-rate=8000, encoding-name={name}" name=depay_backchannel ! {depay} ! {decoder}'
        f" ! filesink location={path} async=false append=true buffer-mode=unbuffered )"
    )
    factory.set_shared(False)
    factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia)
    if account:
        protect(server, factory, *account)
    server.get_mount_points().add_factory("/loa", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    threading.Thread(target=end_with_parent, daemon=True).start()
    GLib.MainLoop().run()


def protect(server, factory, username: str, password: str) -> None:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.set_realm("loa")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "speaker")
    auth.add_digest(username, password, token)
    server.set_auth(auth)
    access = "speaker, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    factory.add_role_from_structure(Gst.Structure.new_from_string(access))


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
