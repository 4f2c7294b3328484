"""Which claim an ONVIF topic makes, in the words of the standard and of makers. Pure: no I/O."""

from enum import StrEnum


class Claim(StrEnum):
    """What a camera's own analysis says."""

    OBJECT_LEFT = "object_left"
    OBJECT_REMOVED = "object_removed"
    MOTION = "motion"
    LOITERING = "loitering"
    INTRUSION = "intrusion"
    TAMPER = "tamper"
    OTHER = "other"
    """A rule that somebody switched on in the camera, and that this product has no word for."""


# ONVIF Core, Imaging and Analytics specifications: how the topics of standard functions begin.
_STANDARD = {
    "RuleEngine/ObjectAbandoned": Claim.OBJECT_LEFT,
    "RuleEngine/ObjectRemoved": Claim.OBJECT_REMOVED,
    "RuleEngine/CellMotionDetector": Claim.MOTION,
    "RuleEngine/MotionRegionDetector": Claim.MOTION,
    "VideoAnalytics/Motion": Claim.MOTION,
    "VideoSource/MotionAlarm": Claim.MOTION,
    "RuleEngine/LoiteringDetector": Claim.LOITERING,
    "RuleEngine/FieldDetector": Claim.INTRUSION,
    "RuleEngine/LineDetector": Claim.INTRUSION,
    "RuleEngine/TamperDetector": Claim.TAMPER,
    "VideoSource/GlobalSceneChange": Claim.TAMPER,
}

# Makers' words anywhere in a topic, compared without case and marks. Not one is from a capture:
# they are the names by which makers' manuals and own interfaces call the function (Dahua:
# LeftDetection, TakenAwayDetection; Hikvision: unattendedBaggage, attendedBaggage; Axis: Tampering).
_MAKERS = {
    "objectabandoned": Claim.OBJECT_LEFT,
    "abandonedobject": Claim.OBJECT_LEFT,
    "objectleft": Claim.OBJECT_LEFT,
    "leftobject": Claim.OBJECT_LEFT,
    "leftdetection": Claim.OBJECT_LEFT,
    "unattendedbaggage": Claim.OBJECT_LEFT,
    "unattendedobject": Claim.OBJECT_LEFT,
    "objectremoved": Claim.OBJECT_REMOVED,
    "objectremoval": Claim.OBJECT_REMOVED,
    "removedobject": Claim.OBJECT_REMOVED,
    "missingobject": Claim.OBJECT_REMOVED,
    "takenawaydetection": Claim.OBJECT_REMOVED,
    "attendedbaggage": Claim.OBJECT_REMOVED,
    "loitering": Claim.LOITERING,
    "loiteringdetection": Claim.LOITERING,
    "objectisloitering": Claim.LOITERING,
    "wanderdetection": Claim.LOITERING,
    "tampering": Claim.TAMPER,
    "shelteralarm": Claim.TAMPER,
    "videoblind": Claim.TAMPER,
}


def claim_of(onvif_topic: str) -> Claim | None:
    """Return the claim of a topic; None: it is not about what the camera sees.

    Makers' words come first: they put them below the standard's topics.
    """
    segments = onvif_topic.split("/")
    for segment in segments:
        claim = _MAKERS.get("".join(sign for sign in segment.lower() if sign.isalnum()))
        if claim is not None:
            return claim
    standard = _STANDARD.get("/".join(segments[:2]))
    if standard is not None:
        return standard
    return Claim.OTHER if segments[0] == "RuleEngine" else None
