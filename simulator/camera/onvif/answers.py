"""The SOAP bodies a camera answers with (ONVIF Device, Media); pure text from values, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from simulator.camera.onvif.event_answers import EVENTS

SOAP = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
TYPES = "http://www.onvif.org/ver10/schema"
ERRORS = "http://www.onvif.org/ver10/error"


@dataclass(frozen=True, kw_only=True)
class MediaProfile:
    """One media profile as GetProfiles reports it."""

    token: str
    name: str
    width: int
    height: int
    frame_rate: int
    path: str
    """The path of its RTSP address."""


def envelope(body: str) -> bytes:
    """Wrap a body in a SOAP 1.2 envelope."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:tds="{DEVICE}" xmlns:trt="{MEDIA}" '
        f'xmlns:tt="{TYPES}" xmlns:ter="{ERRORS}"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def fault(subcode: str, reason: str) -> bytes:
    """Return a SOAP fault of the sender's making (ONVIF Core §5.8.2)."""
    return envelope(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value>"
        f"<s:Subcode><s:Value>ter:{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(reason)}</s:Text></s:Reason></s:Fault>'
    )


def system_date_and_time(now: datetime) -> str:
    """Answer GetSystemDateAndTime with the camera's own UTC time."""
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
        "<tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        "<tt:TimeZone><tt:TZ>UTC</tt:TZ></tt:TimeZone><tt:UTCDateTime>"
        f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
        f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
        f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
        "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def device_information(name: str, serial_number: str) -> str:
    """Answer GetDeviceInformation."""
    return (
        "<tds:GetDeviceInformationResponse><tds:Manufacturer>Commune IOC</tds:Manufacturer>"
        f"<tds:Model>Simulated camera {escape(name)}</tds:Model>"
        "<tds:FirmwareVersion>0.1.0</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{escape(serial_number)}</tds:SerialNumber>"
        "<tds:HardwareId>software</tds:HardwareId></tds:GetDeviceInformationResponse>"
    )


def services(device_xaddr: str, media_xaddr: str, event_xaddr: str | None) -> str:
    """Answer GetServices; a camera may have no event service."""
    events = [] if event_xaddr is None else [(EVENTS, event_xaddr)]
    entries = "".join(
        f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{xaddr}</tds:XAddr>"
        "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        for namespace, xaddr in ((DEVICE, device_xaddr), (MEDIA, media_xaddr), *events)
    )
    return f"<tds:GetServicesResponse>{entries}</tds:GetServicesResponse>"


def capabilities(device_xaddr: str, media_xaddr: str, event_xaddr: str | None) -> str:
    """Answer GetCapabilities; a camera may have no event service."""
    events = (
        ""
        if event_xaddr is None
        else f"<tt:Events><tt:XAddr>{event_xaddr}</tt:XAddr>"
        "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>"
        "<tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
        "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
    )
    return (
        "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        f"<tt:Device><tt:XAddr>{device_xaddr}</tt:XAddr></tt:Device>"
        f"{events}<tt:Media><tt:XAddr>{media_xaddr}</tt:XAddr><tt:StreamingCapabilities>"
        "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
        "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )


def profiles(media_profiles: tuple[MediaProfile, ...]) -> str:
    """Answer GetProfiles."""
    body = "".join(_profile(profile) for profile in media_profiles)
    return f"<trt:GetProfilesResponse>{body}</trt:GetProfilesResponse>"


def _profile(profile: MediaProfile) -> str:
    return (
        f'<trt:Profiles token="{profile.token}" fixed="true"><tt:Name>{profile.name}</tt:Name>'
        '<tt:VideoSourceConfiguration token="source_config"><tt:Name>source</tt:Name>'
        "<tt:UseCount>2</tt:UseCount><tt:SourceToken>video_source_0</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="{profile.width}" height="{profile.height}"/>'
        "</tt:VideoSourceConfiguration>"
        f'<tt:VideoEncoderConfiguration token="encoder_{profile.token}">'
        f"<tt:Name>{profile.name}</tt:Name><tt:UseCount>1</tt:UseCount>"
        f"<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{profile.width}</tt:Width>"
        f"<tt:Height>{profile.height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>"
        f"<tt:RateControl><tt:FrameRateLimit>{profile.frame_rate}</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit>"
        f"</tt:RateControl><tt:H264><tt:GovLength>{profile.frame_rate * 2}</tt:GovLength>"
        "<tt:H264Profile>Main</tt:H264Profile></tt:H264><tt:Multicast><tt:Address>"
        "<tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
        "<tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
        "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def media_uri(operation: str, uri: str) -> str:
    """Answer GetStreamUri or GetSnapshotUri."""
    return (
        f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
        f"</trt:MediaUri></trt:{operation}Response>"
    )
