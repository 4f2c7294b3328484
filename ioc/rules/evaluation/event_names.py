"""How events are called in the sentences that say why a rule has fired; pure."""

_NAMES = {
    "motion.started": ("Có chuyển động", "Motion"),
    "motion.ended": ("Hết chuyển động", "Motion over"),
    "littering.confirmed": ("Đổ rác sai quy định", "Littering"),
    "littering.cleared": ("Rác đã được dọn", "Litter cleared"),
    "littering.reclaimed": ("Người để lại đã lấy đi", "Object reclaimed"),
    "littering.fixture": ("Vật có sẵn ở đây", "Something that belongs there"),
    "intrusion.started": ("Vào khu vực cấm", "Intrusion"),
    "intrusion.ended": ("Đã rời khu vực cấm", "Intrusion over"),
    "loitering.started": ("Nán lại bất thường", "Loitering"),
    "loitering.ended": ("Không còn nán lại", "Loitering over"),
    "crowding.started": ("Tập trung đông người", "Crowding"),
    "crowding.ended": ("Không còn đông người", "Crowding over"),
    "camera.degraded": ("Hình camera kém", "Camera picture impaired"),
    "camera.recovered": ("Hình camera tốt trở lại", "Camera picture recovered"),
    "camera.reported": ("Camera tự báo", "Reported by the camera itself"),
    "device.down": ("Thiết bị mất kết nối", "Device disconnected"),
    "device.up": ("Thiết bị có kết nối lại", "Device connected again"),
    "broadcast.progress": ("Tiến trình phát loa", "Progress of a broadcast"),
    "broadcast.heard": ("Nghe qua micrô", "Heard through a microphone"),
    "loudspeaker.tested": ("Loa đã được thử", "Loudspeaker tested"),
    "loudspeaker.described": ("Loa báo thông số", "Loudspeaker described itself"),
    "talk_down.spoken": ("Đã nhắc qua loa", "Talk-down spoken"),
    "talk_down.withheld": ("Không nhắc qua loa", "Talk-down withheld"),
    "talk_down.answered": ("Kết quả nhắc qua loa", "What a talk-down led to"),
    "command.result": ("Kết quả lệnh", "Result of a command"),
    "outbox.gap": ("Tủ kỹ thuật mất dữ liệu", "Gateway lost events"),
    "evidence.clip": ("Có đoạn phim", "Clip recorded"),
    "evidence.lost": ("Mất ảnh, đoạn phim", "Evidence lost"),
}


def event_name(kind: str) -> tuple[str, str]:
    """Return what people call a kind of event, in Vietnamese and English.

    Args:
        kind: with its version or without; what has no name is called by its kind.
    """
    stem, _, version = kind.rpartition(".")
    named = stem if version[:1] == "v" and version[1:].isdigit() else kind
    return _NAMES.get(named, (named, named))
