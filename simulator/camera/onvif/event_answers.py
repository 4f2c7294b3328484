"""The SOAP bodies of a camera's event service (ONVIF Core §9); pure text from values, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
TOPICS = "http://www.onvif.org/ver10/topics"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
_NAMESPACES = (
    f'xmlns:tev="{EVENTS}" xmlns:wsnt="{NOTIFICATION}" xmlns:tns1="{TOPICS}" '
    f'xmlns:wsa="{ADDRESSING}"'
)
_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
ONLY_LENS = "source_config"

Operation = Literal["Initialized", "Changed", "Deleted"]


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One event of the camera; `active` None makes it a remark without state."""

    topic: str
    source: str
    lens: str = ONLY_LENS
    """Of a camera with several; rules of the same name may watch through each."""
    active: bool | None
    operation: Operation | None
    at: datetime
    """By the camera's clock."""


def utc(instant: datetime) -> str:
    """Write an instant as the standard wants it: UTC with Z."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def subscription(address: str, *, now: datetime, end: datetime) -> str:
    """Answer CreatePullPointSubscription."""
    return (
        f"<tev:CreatePullPointSubscriptionResponse {_NAMESPACES}><tev:SubscriptionReference>"
        f"<wsa:Address>{escape(address)}</wsa:Address></tev:SubscriptionReference>"
        f"<wsnt:CurrentTime>{utc(now)}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{utc(end)}</wsnt:TerminationTime>"
        "</tev:CreatePullPointSubscriptionResponse>"
    )


def renewed(*, now: datetime, end: datetime) -> str:
    """Answer Renew."""
    return (
        f"<wsnt:RenewResponse {_NAMESPACES}>"
        f"<wsnt:TerminationTime>{utc(end)}</wsnt:TerminationTime>"
        f"<wsnt:CurrentTime>{utc(now)}</wsnt:CurrentTime></wsnt:RenewResponse>"
    )


def unsubscribed() -> str:
    """Answer Unsubscribe."""
    return f"<wsnt:UnsubscribeResponse {_NAMESPACES}/>"


def messages(notifications: list[Notification], *, now: datetime, end: datetime) -> str:
    """Answer PullMessages."""
    body = "".join(_notification(one) for one in notifications)
    return (
        f"<tev:PullMessagesResponse {_NAMESPACES}><tev:CurrentTime>{utc(now)}</tev:CurrentTime>"
        f"<tev:TerminationTime>{utc(end)}</tev:TerminationTime>{body}</tev:PullMessagesResponse>"
    )


def _notification(one: Notification) -> str:
    operation = "" if one.operation is None else f' PropertyOperation="{one.operation}"'
    if one.operation == "Deleted":
        data = ""
    elif one.active is None:
        data = '<tt:Data><tt:SimpleItem Name="ObjectId" Value="7"/></tt:Data>'
    else:
        state = str(one.active).lower()
        data = f'<tt:Data><tt:SimpleItem Name="State" Value="{state}"/></tt:Data>'
    return (
        f'<wsnt:NotificationMessage><wsnt:Topic Dialect="{_DIALECT}">tns1:{escape(one.topic)}'
        f'</wsnt:Topic><wsnt:Message><tt:Message UtcTime="{utc(one.at)}"{operation}><tt:Source>'
        f'<tt:SimpleItem Name="VideoSourceConfigurationToken" Value={quoteattr(one.lens)}/>'
        f'<tt:SimpleItem Name="Rule" Value={quoteattr(one.source)}/></tt:Source>'
        f"{data}</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )
