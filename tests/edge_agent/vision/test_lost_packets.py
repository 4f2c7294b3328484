"""RTP packets that never came: the picture they belong to is not given on, no other is lost."""

from edge_agent.vision.stream.rtsp.assembly import Assembly
from tests.fakes.rtsp_camera import packets_of, stamped

KEYFRAME = [b"\x67set", b"\x68set", b"\x65" + 3_000 * b"k"]
BETWEEN = [b"\x06remark", b"\x41" + 2_500 * b"p"]


def numbered(pictures: int, *, most: int = 700) -> list[list[bytes]]:
    """Return the interleaved packets of each picture, numbered from one on."""
    sent: list[list[bytes]] = []
    sequence = 65_500
    for number in range(pictures):
        units = BETWEEN if number % 10 else KEYFRAME
        wire = stamped(packets_of(units, most=most, sequence=sequence), 6_000 * number)
        packets, at = [], 0
        while at < len(wire):
            end = at + 4 + int.from_bytes(wire[at + 2 : at + 4], "big")
            packets.append(wire[at:end])
            at = end
        sequence += len(packets)
        sent.append(packets)
    return sent


def test_a_picture_of_which_a_part_is_missing_is_counted_and_not_given_on() -> None:
    """It would smear what follows; whichever packet it is, and the last with its marker too."""
    whole = numbered(45)
    assert len(whole[41]) > 3
    for lost in range(1, len(whole[41])):
        sent = [list(packets) for packets in whole]
        del sent[41][lost]
        assembly, units = Assembly("h264"), []
        _, units = assembly.take_interleaved(b"".join(b"".join(one) for one in sent), 0, 0)
        assert [unit.ticks // 6_000 for unit in units] == [n for n in range(45) if n != 41]
        assert assembly.damaged == 1


def test_pictures_that_a_camera_left_out_cost_no_other() -> None:
    """A camera whose network is busy sends no more until its next keyframe, which is whole."""
    whole = numbered(45)
    sent = b"".join(b"".join(packets) for packets in whole[:35] + whole[40:])
    assembly = Assembly("h264")
    _, units = assembly.take_interleaved(sent, 0, 0)
    assert [unit.ticks // 6_000 for unit in units] == [*range(35), *range(40, 45)]
    assert assembly.damaged == 1


def test_a_camera_that_does_not_number_its_packets_is_believed() -> None:
    """Every packet has the same number, or any."""
    for numbers in ((0,), (7, 900, 12, 40_000)):
        wire, place = b"", 0
        for packets in numbered(60):
            for packet in packets:
                number = numbers[place % len(numbers)]
                wire += packet[:6] + number.to_bytes(2, "big") + packet[8:]
                place += 1
        assembly = Assembly("h264")
        _, units = assembly.take_interleaved(wire, 0, 0)
        assert len(units) == 60
        assert assembly.damaged == 0
