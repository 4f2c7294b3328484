"""What an installation decides about notifications; secrets stand in files of their own."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Priority = Literal["critical", "high", "medium", "low"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def under(self, folder: Path) -> Self:
        """Return the same with its relative paths made absolute."""
        changed: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Path):
                changed[name] = folder / value.expanduser()
            elif isinstance(value, _Strict):
                changed[name] = value.under(folder)
            elif isinstance(value, tuple):
                changed[name] = tuple(
                    each.under(folder) if isinstance(each, _Strict) else each for each in value
                )
        return self.model_copy(update=changed)


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a password: put it in secret_file")
    return text.rstrip("/")


Url = Annotated[str, Field(max_length=500), AfterValidator(_web_address)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Email(_Strict):
    """An SMTP server that takes the commune's mail."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_file: Path | None = None
    sender: Annotated[str, Field(pattern=r"^[!-;=?A-~]+@[!-;=?A-~]+$", max_length=200)]
    ca_file: Path | None = None
    """Of the authority that signed the server's certificate; None: the machine's authorities."""

    @model_validator(mode="after")
    def _never_a_password_in_the_clear(self) -> Self:
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file belong together: give both or neither")
        if self.username and self.security == "none":
            raise ValueError("a password needs security: starttls or tls")
        return self


class Telegram(_Strict):
    """A Telegram bot."""

    token_file: Path
    api_url: Url = "https://api.telegram.org"


class ZaloBot(_Strict):
    """A bot of the Zalo Bot Platform."""

    token_file: Path
    api_url: Url = "https://bot-api.zaloplatforms.com"


class ZaloOfficialAccount(_Strict):
    """The commune's Zalo Official Account, and its template for telephone numbers (ZNS)."""

    app_id: Text
    app_secret_file: Path
    tokens_file: Path
    """JSON with refresh_token; the centre rewrites it, since each refresh token serves once."""
    api_url: Url = "https://openapi.zalo.me"
    oauth_url: Url = "https://oauth.zaloapp.com"
    template_id: str = ""
    """Approved by Zalo for ZNS; empty: no ZNS."""
    template_fields: dict[str, str] = {}
    """The template's fields, filled in from {title}, {what}, {at}, {priority}, {link}."""
    template_url: Url = "https://business.openapi.zalo.me"
    longest_field: Annotated[int, Field(ge=10, le=500)] = 200


class Sms(_Strict):
    """A gateway for text messages, spoken to by HTTP as its maker's paper says."""

    url: Url
    method: Literal["POST", "PUT"] = "POST"
    headers: dict[str, str] = {}
    body: Annotated[str, Field(min_length=1, max_length=4_000)]
    """With {phone}, {text}, {id} and {secret}; values are quoted as `content_type` needs."""
    content_type: Literal["application/json", "application/x-www-form-urlencoded"] = (
        "application/json"
    )
    secret_file: Path | None = None
    success_pattern: str = ""
    """A regular expression that an answer of success contains; empty: any 2xx will do."""
    without_accents: bool = True
    """Four times as long a text fits into one message."""
    longest_text: Annotated[int, Field(ge=20, le=1_000)] = 300


class WebPush(_Strict):
    """Notifications of browsers; needs no account anywhere."""

    contact: Annotated[str, Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$")]
    """Whom the push services may write to (RFC 8292, `sub`)."""
    key_file: Path | None = None
    """None: `keys/web_push.pem` in the data directory, made when first needed."""
    services: tuple[str, ...] = (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "push.apple.com",
        "notify.windows.com",
    )
    """Hosts, or the ends of their names, that a browser may name as its push service."""


class Webhook(_Strict):
    """Another system that is told of alarms."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    url: Url
    secret_file: Path
    area_id: str | None = Field(default=None, alias="area")
    """None: the whole commune."""
    least_priority: Priority = "low"


class Notify(_Strict):
    """Every channel that is set up; what is left out does not exist for anybody."""

    public_url: Url | None = None
    """Under which telephones reach the console; None: notifications carry no link."""
    next_person_after_s: Annotated[float, Field(ge=5, le=3_600)] = 60.0
    """An emergency that no channel has delivered by then goes to the next person."""
    private_hosts: tuple[str, ...] = ()
    """Hosts that may have an address inside the network, and may be spoken to without TLS."""
    templates: Path | None = None
    """The commune's own sentences, instead of those of ioc/notify/calling/templates.yaml."""
    web_push: WebPush | None = None
    email: Email | None = None
    telegram: Telegram | None = None
    sms: Sms | None = None
    zalo_bot: ZaloBot | None = None
    zalo_oa: ZaloOfficialAccount | None = None
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=20)] = ()

    def secret_files(self) -> tuple[Path, ...]:
        """Return the files of every secret that a channel which is set up needs."""
        named: list[Path | None] = [hook.secret_file for hook in self.webhooks]
        named.append(self.telegram.token_file if self.telegram else None)
        named.append(self.zalo_bot.token_file if self.zalo_bot else None)
        named.append(self.email.password_file if self.email else None)
        named.append(self.sms.secret_file if self.sms else None)
        if self.zalo_oa is not None:
            named += [self.zalo_oa.app_secret_file, self.zalo_oa.tokens_file]
        return tuple(path for path in named if path is not None)

    @field_validator("webhooks")
    @classmethod
    def _names_differ(cls, hooks: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
        if len({hook.name for hook in hooks}) != len(hooks):
            raise ValueError("two webhooks have the same name")
        return hooks
