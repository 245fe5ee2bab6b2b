"""Publish notifications and live data to Fanfare.

```python
from fanfare import Client

fanfare = Client("https://fanfare.example.com", api_key)
fanfare.notify(users=[7], groups=["ops"], title="Build finished", level="success")
```

- `Client`: for threads, with nothing but the standard library; `fanfare.aio.AsyncClient` for asyncio.
- `fanfare.channels.FanfareChannelLayer`: the send side of a Django Channels layer.
- `fanfare.django.after_commit`: tells nobody of what a transaction takes back.
"""

from .answers import (
    Ack,
    Addressee,
    Appended,
    Delivered,
    NotDelivered,
    Outcome,
    Place,
    Published,
    Receipt,
    Token,
    Trail,
    Withdrawn,
    WithdrawnPlace,
)
from .client import Client
from .errors import (
    AnswerTimeoutError,
    ApiError,
    BadJsonError,
    BadMessageError,
    CertificateError,
    ConflictError,
    FanfareError,
    ForbiddenError,
    InternalError,
    InvalidError,
    NoAnswerError,
    NotFoundError,
    PartlyPublishedError,
    RateLimitedError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownTypeError,
    UnreachableError,
)
from .notification import Action, Actor, Id, Ids, Level, Notification, Rights
from .version import __version__

__all__ = [
    "Ack",
    "Action",
    "Actor",
    "Addressee",
    "AnswerTimeoutError",
    "ApiError",
    "Appended",
    "BadJsonError",
    "BadMessageError",
    "CertificateError",
    "Client",
    "ConflictError",
    "Delivered",
    "FanfareError",
    "ForbiddenError",
    "Id",
    "Ids",
    "InternalError",
    "InvalidError",
    "Level",
    "NoAnswerError",
    "NotDelivered",
    "NotFoundError",
    "Notification",
    "Outcome",
    "PartlyPublishedError",
    "Place",
    "Published",
    "RateLimitedError",
    "Receipt",
    "Rights",
    "Token",
    "TooLargeError",
    "Trail",
    "UnauthorizedError",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnknownTypeError",
    "UnreachableError",
    "Withdrawn",
    "WithdrawnPlace",
    "__version__",
]
