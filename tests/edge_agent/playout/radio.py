"""A small radio station: an HTTP server that streams MP3 in real time, or whatever a test wants."""

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np

RATE_HZ = 44100


def encode_mp3(seconds, *, seed=3, layout="mono"):
    """Noise in syllables, 64 kbit/s."""
    count = int(seconds * RATE_HZ)
    noise = np.convolve(np.random.default_rng(seed).standard_normal(count), np.ones(20), "same")
    samples = (noise * (0.3 + np.abs(np.sin(np.arange(count) / 7000))) * 1200).clip(-32000, 32000)
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.layout, stream.bit_rate = layout, 64_000
        frame = av.AudioFrame.from_ndarray(
            samples.astype(np.int16)[np.newaxis, :], format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=RATE_HZ)
        for converted in resampler.resample(frame):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return file.getvalue()


def tear(programme):
    """About 1 s of it, cut where libav gives up on the last frame."""
    for end in range(8000, 9000):
        try:
            with av.open(io.BytesIO(programme[:end]), format="mp3") as container:
                list(container.decode(audio=0))
        except av.InvalidDataError:
            return programme[:end]
    raise AssertionError("it decodes wherever it is cut")


def scratch(programme):
    """Zeros over a twentieth of every half second."""
    scratched = bytearray(programme)
    for begin in range(2000, len(scratched) - 200, 4000):
        scratched[begin : begin + 200] = bytes(200)
    return bytes(scratched)


class Radio:
    """`/live` goes on for ever, `/short` hangs up after 1 s, `/page` is a web page, others 404.

    `/scratched` goes on for ever and no second of it is whole. `/changing` is mono and stereo by turns, a second and a half each.
    `/torn` hangs up in the middle of a frame, 1 s long, whose rest nobody can decode.
    """

    def __init__(self):
        self.programme = encode_mp3(20)
        self.torn = tear(self.programme)
        changing = encode_mp3(1.5) + encode_mp3(1.5, layout="stereo")
        self.endless = {"scratched": scratch(self.programme), "changing": changing}
        self.listeners = []
        radio = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                radio.listeners.append(self.path)
                radio.serve(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        self.is_open = True
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def serve(self, request):
        kind = request.path.strip("/")
        if kind not in {"live", "short", "page", *self.endless, "torn"}:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Type", "text/html" if kind == "page" else "audio/mpeg")
        if kind == "page":
            page = b"<html>not a radio</html>" * 200
            request.send_header("Content-Length", str(len(page)))
            request.end_headers()
            request.wfile.write(page)
            return
        request.end_headers()
        if kind == "torn":
            request.wfile.write(self.torn)
            return
        programme = self.endless.get(kind, self.programme)
        self.stream(request, programme, last_s=3.0 if kind == "short" else 1000.0)

    def stream(self, request, programme, *, last_s):
        """Two seconds in a burst, then as fast as it is played."""
        sent, begin_s = 0, time.monotonic() - 2
        while self.is_open and time.monotonic() - begin_s < last_s:
            due = int((time.monotonic() - begin_s) * 8000)
            chunk = bytes(programme[i % len(programme)] for i in range(sent, due))
            sent = due
            try:
                request.wfile.write(chunk)
            except OSError:
                return
            time.sleep(0.05)

    def close(self):
        self.is_open = False
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
