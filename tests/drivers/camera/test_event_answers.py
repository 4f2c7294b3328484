"""What cameras answer about events is read with all its variety and none of its malice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera import CameraCredentials
from drivers.onvif_camera.events import Claim, claim_of
from drivers.onvif_camera.events.answers import (
    read_clock,
    read_event_xaddr,
    read_instant,
    read_notifications,
    read_remaining_s,
    read_subscription,
)
from drivers.onvif_camera.events.envelopes import (
    EVENTS,
    Question,
    SoapFault,
    UnreadableAnswer,
    read_envelope,
    write_envelope,
    write_security,
)

SOAP = "http://www.w3.org/2003/05/soap-envelope"


def envelope(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def notifications(*messages: str) -> list:
    body = f'<tev:Pulled xmlns:tev="{EVENTS}">{"".join(messages)}</tev:Pulled>'
    return list(read_notifications(read_envelope(envelope(body)), timedelta(hours=-2)))


def notification(topic: str, attributes: str, inside: str) -> str:
    return (
        f"<NotificationMessage><Topic>{topic}</Topic><Message>"
        f"<Message {attributes}>{inside}</Message></Message></NotificationMessage>"
    )


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        ("tns1:VideoSource/MotionAlarm", "VideoSource/MotionAlarm"),
        ("VideoSource/MotionAlarm", "VideoSource/MotionAlarm"),
        (" tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1 ", "RuleEngine/VMD3/vmd3_video_1"),
        ("tns1:RuleEngine//.", "RuleEngine"),
    ],
)
def test_topics_lose_their_prefixes(spelled: str, read: str) -> None:
    """Prefixes are each camera's own; what follows them is the standard's."""
    (event,) = notifications(notification(spelled, "", ""))
    assert event.onvif_topic == read


@pytest.mark.parametrize(
    ("items", "active"),
    [
        ('<SimpleItem Name="IsMotion" Value="true"/>', True),
        ('<SimpleItem Name="State" Value="0"/>', False),
        ('<SimpleItem Name="IsInside" Value=" True "/>', True),
        ('<SimpleItem Name="ObjectId" Value="1"/>', None),
        ('<SimpleItem Name="Count" Value="1"/><SimpleItem Name="State" Value="1"/>', True),
        ('<SimpleItem Name="Whatever" Value="false"/>', False),
        ("<ElementItem/><SimpleItem/>", None),
        ("", None),
    ],
)
def test_states_are_read_in_every_spelling(items: str, active: bool | None) -> None:
    """A number is a state only where its name says so."""
    (event,) = notifications(notification("a/b", "", f"<Data>{items}</Data>"))
    assert event.active is active


def test_times_follow_the_gateway_s_clock() -> None:
    """The camera's clock is two hours behind; one without a usable time has none."""
    spelled = (
        "2026-11-22T08:00:00Z",
        "2026-11-22T15:00:00+07:00",
        "yesterday",
        "0001-01-01T00:00:00Z",
    )
    read = [
        event.occurred_at
        for event in notifications(*(notification("a", f'UtcTime="{one}"', "") for one in spelled))
    ]
    ten = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert read[:3] == [ten, ten, None]


@pytest.mark.parametrize(
    ("current", "age_s"),
    [
        ("<CurrentTime>2026-11-22T08:00:07Z</CurrentTime>", 7.0),
        ("<CurrentTime>2026-11-22T15:00:07+07:00</CurrentTime>", 7.0),
        ("<CurrentTime>soon</CurrentTime>", None),
        ("", None),
    ],
)
def test_how_old_an_event_is_the_camera_alone_tells(current: str, age_s: float | None) -> None:
    """Both of its times stand in one answer; nobody else's clock is needed."""
    dated = notification("a", 'UtcTime="2026-11-22T08:00:00Z"', "")
    undated = notification("a", "", "<Data><CurrentTime>2026-11-22T08:00:00Z</CurrentTime></Data>")
    ages_s = [event.age_s for event in notifications(current, dated, undated)]
    assert ages_s == [age_s, None]


def test_operations_sources_and_keys_are_kept() -> None:
    """Of several objects one rule speaks, each with its own state."""
    inside = (
        '<Source><SimpleItem Name="Rule" Value="ô 3"/></Source>'
        '<Key><SimpleItem Name="ObjectId" Value="7"/></Key>'
    )
    (event,) = notifications(notification("a", 'PropertyOperation="Deleted"', inside))
    assert event.property_operation == "Deleted"
    assert (event.source_items, event.key_items) == ((("Rule", "ô 3"),), (("ObjectId", "7"),))
    (odd,) = notifications(notification("a", 'PropertyOperation="Sometimes"', ""))
    assert odd.property_operation is None


def test_a_flood_of_items_is_cut() -> None:
    """No camera needs more than a few; texts are cut too."""
    items = '<SimpleItem Name="n" Value="' + "x" * 1_000 + '"/>'
    (event,) = notifications(notification("a", "", f"<Source>{items * 200}</Source>"))
    assert len(event.source_items) == 32
    assert len(event.source_items[0][1]) == 200


def test_what_a_subscription_wants_back_is_given_back() -> None:
    """Some cameras tell subscriptions apart by a header, not by the address."""
    answer = read_envelope(
        envelope(
            "<R><SubscriptionReference><Address> http://1.2.3.4/s </Address><ReferenceParameters>"
            '<v:Id xmlns:v="urn:vendor">a&amp;b</v:Id></ReferenceParameters></SubscriptionReference>'
            "<CurrentTime>2020-01-01T00:00:00Z</CurrentTime>"
            "<TerminationTime>2020-01-01T00:10:00Z</TerminationTime></R>"
        )
    )
    subscription = read_subscription(answer)
    assert subscription is not None
    assert (subscription.address, subscription.granted_s) == ("http://1.2.3.4/s", 600)
    question = Question(action="x", body="<b/>", reference=subscription.reference)
    written = write_envelope(question, to="y", message_id="z")
    assert b">a&amp;b</" in written
    assert b'IsReferenceParameter="true"' in written
    read_envelope(written)


@pytest.mark.parametrize(
    ("begin", "end", "remaining_s"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z", 60),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:00Z", "soon", None),
        ("", "", None),
    ],
)
def test_how_long_a_subscription_lasts(begin: str, end: str, remaining_s: float | None) -> None:
    """Both ends by the camera's clock, however wrong it is; nonsense is not believed."""
    body = f"<R><CurrentTime>{begin}</CurrentTime><TerminationTime>{end}</TerminationTime></R>"
    assert read_remaining_s(read_envelope(envelope(body))) == remaining_s


def test_what_is_not_there_is_not_found() -> None:
    """Answers of other services, addresses that are none, clocks without a date."""
    for body in (
        "<R/>",
        "<R><UTCDateTime><Year>x</Year></UTCDateTime></R>",
        "<R><Service><Namespace>other</Namespace><XAddr>http://a/</XAddr></Service></R>",
        "<R><Events><XAddr>file:///etc/passwd</XAddr></Events></R>",
        "<R><SubscriptionReference><Address>ftp://a</Address></SubscriptionReference></R>",
    ):
        answer = read_envelope(envelope(body))
        assert read_clock(answer) is None
        assert read_event_xaddr(answer) is None
        assert read_subscription(answer) is None


def test_a_refused_account_is_told_from_other_refusals() -> None:
    """By its code, in either version of SOAP, or by its reason where the code is useless."""
    new = "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{}</s:Value></s:Subcode></s:Code></s:Fault>"
    old = "<s:Fault><faultcode>ter:{}</faultcode><faultstring>Sender not Authorized</faultstring></s:Fault>"
    for body, is_denial, is_absence in (
        (new.format("NotAuthorized"), True, False),
        (new.format("ActionNotSupported"), False, True),
        (new.format("ResourceUnknown"), False, False),
        (old.format("Client"), True, False),
    ):
        with pytest.raises(SoapFault) as fault:
            read_envelope(envelope(body))
        assert (fault.value.is_denial, fault.value.is_absence) == (is_denial, is_absence)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: envelope(f"<a>{text}")))
def test_nothing_but_our_errors_comes_of_nonsense(answer: bytes) -> None:
    """Whatever bytes come, they are an answer or one of two errors."""
    try:
        body = read_envelope(answer)
    except (UnreadableAnswer, SoapFault):
        return
    list(read_notifications(body, timedelta()))
    read_subscription(body)
    read_event_xaddr(body)


@given(st.text(max_size=40))
def test_no_time_is_no_error(text: str) -> None:
    """Cameras write times in their own ways."""
    read_instant(text)


@pytest.mark.parametrize(
    ("onvif_topic", "claim"),
    [
        ("RuleEngine/ObjectAbandoned", Claim.OBJECT_LEFT),
        ("RuleEngine/ObjectRemoved/x", Claim.OBJECT_REMOVED),
        ("RuleEngine/CellMotionDetector/Motion", Claim.MOTION),
        ("VideoSource/MotionAlarm", Claim.MOTION),
        ("VideoSource/GlobalSceneChange/ImagingService", Claim.TAMPER),
        ("RuleEngine/TamperDetector/Tamper", Claim.TAMPER),
        ("VideoSource/Tampering", Claim.TAMPER),
        ("RuleEngine/LoiteringDetector/ObjectIsLoitering", Claim.LOITERING),
        ("RuleEngine/FieldDetector/ObjectsInside", Claim.INTRUSION),
        ("RuleEngine/LineDetector/Crossed", Claim.INTRUSION),
        ("RuleEngine/FieldDetector/UnattendedBaggage", Claim.OBJECT_LEFT),
        ("RuleEngine/Left_Detection/x", Claim.OBJECT_LEFT),
        ("RuleEngine/attendedBaggage", Claim.OBJECT_REMOVED),
        ("RuleEngine/MyRuleDetector/PeopleDetect", Claim.OTHER),
        ("Monitoring/ProcessorUsage", None),
        ("Device/Trigger/DigitalInput", None),
        ("", None),
    ],
)
def test_topics_make_claims(onvif_topic: str, claim: Claim | None) -> None:
    """The standard's functions and makers' words for them; what is not about the picture is none."""
    assert claim_of(onvif_topic) is claim


def test_a_token_holds_no_password() -> None:
    """Only its digest travels."""
    account = CameraCredentials(username="a<b", password="secret & co")
    header = write_security(account, created=datetime(2026, 1, 1, tzinfo=UTC), nonce=b"1" * 16)
    assert "secret" not in header
    assert "a&lt;b" in header
    assert "2026-01-01T00:00:00Z" in header


@pytest.mark.parametrize(
    "inside",
    [
        f'<b xmlns:p="{"u" * 300}"><p:a/></b>',
        f'<b xmlns="{"u" * 300}"/>',
        '<b xmlns:p="u" ' + " ".join(f'p:a{index}=""' for index in range(2_000)) + "/>",
        f'<b xmlns:p="{"u" * 20_000}"/>',
    ],
    ids=["long namespace", "long default", "attributes without end", "a tag of one value"],
)
def test_names_that_a_parser_would_multiply_are_not_read(inside: str) -> None:
    """Two hundred kilobytes of names with a long namespace made three gigabytes in memory."""
    with pytest.raises(UnreadableAnswer, match=r"longer than any|without end"):
        read_envelope(envelope(inside))
